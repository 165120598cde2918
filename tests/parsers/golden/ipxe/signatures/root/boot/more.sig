more.sig
