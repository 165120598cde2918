vmlinuz.sig
