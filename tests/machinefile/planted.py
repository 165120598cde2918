"""Places in configurations where people leave secrets; `§` stands for a secret, and `¶` for a
long one in hexadecimal."""

# By path on the disk. Each line is read by some parser, or lies beside a file that is.
TEXTS = {
    "/boot/grub/grub.cfg": r"""
# root password: §
set superusers="root"
password root §
password_pbkdf2 admin §
password_pbkdf2 other grub.pbkdf2.sha512.10000.¶.¶
set http_password=§
set luks_pass="§"
set api_token='open §'
set x=§
set y="quiet token=§ root=/dev/sda1"
for word in a § b; do echo $word; done
if [ "$x" = "§" ]; then true; fi
cryptomount -u 1234 -p §
cryptomount -a -p§
cryptomount -a --password='§'
sendkey §
eval "set pw=§"
eval 'password joe §'
frobnicate §
frobnicate --secret=§ --pass §
echo "the passphrase is §"
source (http,me:§@host)/x.cfg
configfile https://me:§@server/x.cfg?token=§
regexp "^§" $x
export secret=§
export WIFI=§
set "pw=§"
set 'other=a §'
set ${x}_pw=§
set ${x}_y=§
set kernel="/vmlinuz rd.luks.key=§"
set kopts="root=/dev/sda1 rd.luks.key=§"
function f { set key=§; }
f § "§ too"
menuentry 'Linux (password: §)' --class debian --users root {
  linux /vmlinuz root=/dev/sda1 ro systemd.set_credential=login:§ quiet
  linux /vmlinuz root=/dev/sda1 systemd.set_credential_binary=x:§ cifspass=§ rd.luks.key=§
  linux /vmlinuz cifscreds=user,§ auth_token="§" vnc_token='§ x' my_token=\"§ y\" "psk=§" 'wpa=a §'
  linux /vmlinuz root=nfs://me:§@host/dir inst.repo=https://me:§@mirror/repo?sig=§&x=§#§
  linux /vmlinuz netroot=iscsi:me:§:rme:§@10.0.0.1::3260 ds=nocloud-net;s=http://x/?k=§ §
  linux /vmlinuz --password § rd.znet=qeth,0.0.1 rootflags=subvol=@,pass=§,user=§
  linux /vmlinuz tang=http://u:§@h/ coreos.inst.ignition_url=https://h/i?t=§ hook=https://h/§
  linux /vmlinuz inst.ks=http://§@host/ks.cfg inst.sshpw=§ inst.rootpw=§ rescue § -- §
  linux /vmlinuz console=ttyS0 $§ ${x}§ pass$§ luks.options=keyfile=§ x=${y}§ non=§é
  linux /vmlinuz inst.ks=http://me:a@§@host/ks inst.stage2=http://me:"§"@host/ks
  linux /vmlinuz inst.ks="http://me:\"§\"@host/ks" netroot=iscsi:me:a/§@10.0.0.1::::iqn.x
  linux /vmlinuz cryptopts=target=x,source=/dev/sda2,key=§ nfsroot=10.0.0.1:/x,key=§
  linux /vmlinuz ds='nocloud;seedfrom=http://h/;user-data=§' "ds=nocloud;s=http://me:§@h/x/"
  linux /vmlinuz init="/bin/sh -c §" "hostname=a §" url=http://h/a;token=§
  initrd /initrd.img newc:key:/x/initrd.img
  initrd (http,user:§@host)/initrd
}
menuentry "Arguments" --class debian "root=/dev/sda1 rd.luks.key=§" { linux /vmlinuz $2
}
menuentry "Variable" "$kopts" { linux /vmlinuz $2
}
menuentry "Kennwort: §" { true
}
menuentry "§ is the password" { true
}
-----BEGIN PRIVATE KEY-----
¶
§
-----END PRIVATE KEY-----
set multi='one
§ two
linux §
'
""",
    "/boot/grub/custom.cfg": """
set pw=§
rootpw --plaintext §
rootpw --iscrypted $6$salt$¶
user --name=me --password=§ --iscrypted
sshkey --username=root "ssh-ed25519 ¶"
url --url=https://me:§@h/r?token=§
d-i passwd/root-password password §
d-i passwd/user-password-crypted password §
autopart --encrypted --passphrase=§
wifi: §
§
ssh_authorized_keys: [§]
  - §
password: §
{"auth": "§"}
<password>§</password>
export AWS_SECRET_ACCESS_KEY=§
AWS_SESSION=§
x=§
""",
    "/boot/grub/grubenv": (
        "# GRUB Environment Block\nsaved_entry=0\nsecret=§\npassphrase=§\nother=§\n"
        "kernel=/vmlinuz key=§\nkernelopts=root=/dev/sda1 token=§ ro\nnote=a §\n# §\n"
    ),
    "/boot/grub/menu.lst": """
# kopt=root=/dev/sda1 token=§
password --md5 §
password § /boot/x
title Old (pin: §)
password §
kernel /vmlinuz root=/dev/sda1 token=§ ro
""",
    "/loader/entries/a.conf": """
title A
# §
linux /vmlinuz
options root=UUID=1 luks_pass=§ "psk=§" key='§ x' token="§ y" systemd.setenv=PASS=§ § $§
options unknown.name=§ äöü=§ bare-§ a:§ user:§@host
x-secret §
grub_arg --unrestricted --pw §
""",
    "/loader/loader.conf": "timeout 3\npassword §\nrandom-seed §\n# §\n",
    "/syslinux/syslinux.cfg": """
MENU MASTER PASSWD §
MENU TITLE my token: §
DEFAULT vmlinuz token=§ root=/dev/sda1 rd.luks.key=§ §
ONTIMEOUT vmlinuz rd.luks.key=§ §
ONERROR vmlinuz rd.luks.key=§
MENU TABMSG key: §
MENU PASSPROMPT the word is §
SAY the password is §
LABEL a
  MENU PASSWD §
  KERNEL vmlinuz
  APPEND root=/dev/sda1 cifspass=§ ks=https://u:§@h/k?a=§ initrd=http://me:§@h/i §
  TEXT HELP
  the secret is §
  title §
  Root is §
  Version 1, §
  §
  ENDTEXT
F1 §
unknown §
""",
    "/extlinux/extlinux.conf": "LABEL b\n LINUX /vmlinuz\n APPEND a=§ psk=§\n# §\n",
    "/etc/yaboot.conf": """
# §
password=§
init-message="type §"
image=/vmlinuz label=x append="token=§ ro" password=§ restricted
image=/v
  label=y
  append="key='§ z'"
""",
    "/etc/lilo.conf": """
password=open § root=/dev/sda1
password="§"
image=/vmlinuz
  label=l
  password = §
  append="token=§"
  literal="luks=§ ro"
""",
    "/etc/silo.conf": 'password=§\nimage=/vmlinuz\nlabel=s\nappend="wpa=§"\nsecret §\n',
    "/etc/zipl.conf": """
[defaultboot]
default=z
[z]
image=/vmlinuz
parameters="root=/dev/dasda1 token=§ ro"
password=§
""",
    "/kboot.conf": """
install='/vmlinuz initrd=/initrd rd.luks.key=§ §'
linux='/vmlinuz initrd=/initrd root=/dev/sda1 wpa_psk=§ token=§'
message=§
secret=§
; §
""",
    "/petitboot.conf": "name P\nimage /v\nargs root=/dev/sda1 token=§ §\ndescription § pin: §\n",
    "/autoexec.ipxe": """#!ipxe
# §
set password §
set net0/password §
set reverse-password §
set username §
set user-token:string §
set x §
set url https://me:§@host/x?token=§
param secret §
param --params p name §
imgargs k token=§ §
echo password §
login
menu Choose (password: §)
item a A
choose a
:a
kernel http://me:§@host/k?sig=§ auth=§ §
initrd https://u:§@h/i mode=755 §
chain http://h/x?token=§ || goto a
set kernel vmlinuz rd.luks.key=§
set root-path iscsi:me:a/§@10.0.0.1::::iqn.x
boot http://h/k a §
sanboot iscsi:me:§@10.0.0.1::::iqn.x
iseq ${x} § && goto a ||
boot
""",
    "/etc/fstab": """
# §
/dev/sda1 / ext4 defaults,pass=§ 0 1
//nas/share /m cifs username=me,password=§,credentials=§,domain=§ 0 0
me:§@host:/x /n nfs key=§,vers=4 0 0
https://me:§@dav/x?t=§ /d davfs § 0 0
""",
    "/etc/os-release": 'NAME=Debian\nID=debian\nHOME_URL="https://me:§@h/?k=§"\nSUPPORT_KEY=§\n',
    "/etc/kernel/cmdline": 'root=/dev/sda1 ro token=§ § pass="§ x" ключ=§\n',
    "/boot.cfg": "title=x\nkernel=b.b00\nkernelopt=auth=§ secret=§\nmodules=a.v00\nprefix=§\n",
    "/xen.cfg": "[global]\ndefault=a\n[a]\noptions=token=§\nkernel=vmlinuz root=/dev/x k=§\n# §\n",
}
# By path: sections of EFI programs.
PROGRAMS = {
    "/EFI/Linux/one.efi": [
        [".osrel", "ID=debian\nNAME=Debian\nTOKEN=§\n"],
        [
            ".cmdline",
            "root=/dev/sda1 motto=größe token=§ § schlüssel=§ cifspass=§ init='/bin/sh §' "
            "cryptopts=key=§",
        ],
        [".linux", "MZ §"],
    ],
    "/EFI/Linux/two.efi": [
        [".osrel", "ID=debian\nNAME=Debian\n"],
        [".cmdline", "root=/dev/sda1 systemd.set_credential=x:§ pass='§ y' https://a:§@h/?§\n"],
        [".profile", "ID=p\nTITLE=P\nSECRET=§\n"],
        [".linux", "MZ §"],
    ],
}
