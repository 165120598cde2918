"""Package lists in the forms that Debian's releases have: the packages of a kernel."""

# Debian 12 and 13: the meta package depends on one package with all files.
BOOKWORM = """\
Package: linux-image-amd64
Source: linux-signed-amd64 (6.1.1+1)
Version: 6.1.1-1
Depends: linux-image-6.1.0-1-amd64 (= 6.1.1-1)

Package: linux-image-6.1.0-1-amd64
Version: 6.1.1-1
Depends: kmod, linux-base (>= 4.3~), initramfs-tools (>= 0.120+deb8u2) | linux-initramfs-tool

Package: linux-base
Version: 4.9
Depends: debconf (>= 0.5) | debconf-2.0
"""
TRIXIE = """\
Package: linux-image-powerpc64le
Source: linux
Version: 6.12.1-1
Depends: linux-image-6.12.1+deb13-powerpc64le (= 6.12.1-1)

Package: linux-image-6.12.1+deb13-powerpc64le
Version: 6.12.1-1
Pre-Depends: linux-base (>= 4.12~)
Depends: kmod, initramfs-tools (>= 0.120+deb8u2) | linux-initramfs-tool
"""
# Debian 14: several packages, and a second meta package comes first.
FORKY = """\
Package: linux-image-powerpc64le
Source: linux
Version: 7.1.1-1
Depends: linux-base-powerpc64le (= 7.1.1-1), linux-image-7.1.1+deb14-powerpc64le (= 7.1.1-1)

Package: linux-base-powerpc64le
Version: 7.1.1-1
Depends: linux-base-7.1.1+deb14-powerpc64le (= 7.1.1-1)

Package: linux-image-7.1.1+deb14-powerpc64le
Version: 7.1.1-1
Pre-Depends: linux-base (>= 4.17~)
Depends: dracut | linux-initramfs-tool, linux-base-7.1.1+deb14-powerpc64le (= 7.1.1-1), \
linux-binary-7.1.1+deb14-powerpc64le (= 7.1.1-1), linux-modules-7.1.1+deb14-powerpc64le (= 7.1.1-1)
"""
# A meta package without a kernel.
EMPTY = """\
Package: linux-image-powerpc64le
Version: 8
Depends: linux-base-powerpc64le
"""
