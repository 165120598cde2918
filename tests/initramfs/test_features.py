"""The manifest names the bytes that each feature costs."""

from initramfs import features
from initramfs.kernel import COMMON, Modules
from initramfs.tree import Tree, file

MODULES = Modules(
    taken={
        "nfsv4": ("network", b""),
        "bnx2x": ("network", b""),
        "ext4": (COMMON, b""),
        "dm_mod": ("volumes", b""),
    }
)


def test_the_features_together_are_the_compressed_parts() -> None:
    trees = {
        "programs": Tree({"usr/bin/kmod": file(bytes(30)), "usr/sbin/kexec": file(bytes(10))}),
        "python": Tree({"modules": file(bytes(60)), "lib/_ssl.x.so": file(bytes(40))}),
        "packed": Tree({"usr/lib/x/libcrypto.so.3.zst": file(bytes(50))}),
    }
    compressed = {"programs": 20, "python": 100, "packed": 50}
    python = {"petipy": 150, "urwid": 40, "h11": 10}
    found = features.count(trees, compressed, MODULES, python)
    assert sum(found.values()) == sum(compressed.values())
    assert found["kexec-tools"] == 5
    assert found["menu: urwid"] == 12


def test_a_file_that_is_compressed_by_itself_counts_as_it_is() -> None:
    packed = Tree({"usr/lib/systemd/systemd-networkd.zst": file(bytes(70)), "a": file(bytes(30))})
    found = features.count({"packed": packed}, {"packed": 100}, MODULES, {})
    assert found == {"addresses: systemd-networkd": 70, "core": 30}


def test_a_driver_counts_for_its_feature_before_its_section() -> None:
    for path, feature in {
        "lib/modules/6.12/fs/nfs/nfsv4.ko.zst": "NFS",
        "lib/modules/6.12/net/bnx2x.ko.zst": "network cards",
        "lib/modules/6.12/fs/ext4.ko": "ext4 and virtio disks",
        "lib/modules/6.12/md/dm-mod.ko.zst": "LVM, RAID, LUKS",
        "lib/modules/6.12/modules.dep.bin": "core",
    }.items():
        assert features.find(path, MODULES) == feature
