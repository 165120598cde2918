from initramfs import build, cpio
from initramfs.tree import Tree, file


def test_an_archive_after_a_compressed_one_is_where_the_kernel_looks_for_it() -> None:
    tree = Tree()
    tree.add("packed.zst", file(b"abc"))
    last = cpio.write(tree, 1)
    for length in range(5, 9):
        image = build.join((bytes(range(1, length)), last))
        assert image.find(last) % 4 == 0
        assert len(image) % 4 == 0
