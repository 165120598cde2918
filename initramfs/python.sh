# To be sourced, with this directory in $here: install python3 if there is none; fail if it is older than 3.11.
if ! command -v python3 >/dev/null; then
	as_root=
	if [ "$(id -u)" != 0 ]; then
		if ! command -v sudo >/dev/null; then
			echo "This needs Python; as root: apt-get install python3" >&2
			exit 1
		fi
		as_root=sudo
	fi
	echo "installing python3" >&2
	$as_root sh "$here/apt.sh" update -qq >&2
	$as_root sh "$here/apt.sh" install -y -qq --no-install-recommends python3 >&2
fi
python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
	echo "This needs Python 3.11 or newer; python3 is $(python3 --version)." >&2
	exit 1
}
