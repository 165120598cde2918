#!/bin/sh
# Run apt-get with these arguments. While another program has a lock of the package system, wait,
# and say for what. apt-get's own DPkg::Lock::Timeout is not enough: `update` does not honour it.
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
patience=1800 # seconds
: "${PETIPY_APT_LOCKS:=/var/lib/dpkg/lock-frontend /var/lib/dpkg/lock /var/lib/apt/lists/lock \
/var/cache/apt/archives/lock}"

# Print the program that has one of the locks. Nobody needs rights for that.
find_holder() {
	for place in $PETIPY_APT_LOCKS; do
		inode=$(stat -c %i "$place" 2>/dev/null) || continue
		while read -r _ _ _ _ pid file _; do
			case $file in
			*:"$inode")
				name=program
				[ ! -r "/proc/$pid/comm" ] || read -r name <"/proc/$pid/comm"
				echo "$name (process $pid), which has $place"
				return 0
				;;
			esac
		done </proc/locks
	done
	return 1
}

pause() {
	[ "$1" = "$said" ] || echo "waiting for $1" >&2
	said=$1
	patience=$((patience - 1))
	[ $patience -gt 0 ] || { echo "gave up waiting for $1" >&2; exit 100; }
	sleep 1
}

said=
exec 3>&1
while :; do
	while holder=$(find_holder); do
		pause "$holder"
	done
	if errors=$(apt-get -o DPkg::Lock::Timeout=60 "$@" 2>&1 >&3); then
		exit 0
	else
		status=$?
	fi
	case $errors in
	# Somebody was faster, or the kernel does not show who has the lock.
	*"Could not get lock"* | *"Unable to acquire"* | *"Unable to lock"*)
		pause "${errors%%
*}"
		;;
	*)
		echo "$errors" >&2
		exit $status
		;;
	esac
done
