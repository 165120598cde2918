"""The settings: one table. Every reader, writer, help text and list of settings comes from it.

A new setting is one row here, and one field of the same name, with its default, in
`petipy.state.settings.Settings`.
"""

from typing import Any, Literal

from petipy.settings import values
from petipy.settings.values import ValueType
from petipy.state.settings import BUILT_IN, OWN, Settings

Layer = Literal["image", "machine", "command line"]  # from weak to strong; the words are shown
LAYERS: tuple[Layer, ...] = ("image", "machine", "command line")
# Every installed system, and whoever is at the firmware's prompt, can write what a machine keeps.
# So nothing there opens a lock, or makes Petipy trust anything.
_OWNER: tuple[Layer, ...] = ("image", "command line")
_WEAKENS = "every installed system can write what the machine keeps, and this weakens protection"


# A plain class: every start imports this module, and a dataclass takes longer to make.
class Setting:
    """One row: `petipy.NAME[=VALUE]` on the kernel command line, `NAME = VALUE` in a file."""

    def __init__(
        self,
        *,
        name: str,
        type: ValueType,
        help: str,  # goes on after a colon; no full stop
        layers: tuple[Layer, ...] = LAYERS,  # where it may be set
        reason: str = _WEAKENS,  # for which a layer is left out, in words
        live: bool = True,  # a change takes effect at once; else only at the start
        internal: bool = False,  # no person sets it: README leaves it out
        one_of_many: bool = False,  # lists have it only where it has a value, README never
    ) -> None:
        self.name, self.type, self.help, self.layers, self.live = name, type, help, layers, live
        self.internal, self.one_of_many, self.reason = internal, one_of_many, reason

    @property
    def default(self) -> Any:
        return getattr(BUILT_IN, self.name)

    @property
    def usage(self) -> str:
        """The setting as it is typed on the kernel command line."""
        form = f"[={self.type.form}]" if self.type.optional else f"={self.type.form}"
        return f"petipy.{self.name}{form}"

    def is_listed(self, settings: Settings = BUILT_IN) -> bool:
        """Return True if a list of these settings has it."""
        value = getattr(settings, self.name)
        return not (self.internal or (self.one_of_many and value == self.default))

    def show(self, settings: Settings) -> str:
        """Return the value as it is typed; of a secret only that there is one."""
        text = self.type.write(getattr(settings, self.name))
        return "(secret)" if text and self.type.secret else text


SETTINGS = (
    Setting(
        name="timeout",
        type=values.SECONDS,
        help="boot the default after so long; else as its configuration says, else after 10 s",
    ),
    Setting(
        name="order",
        type=values.ORDER,
        help="try these in turn: kinds, devices, entries, such as network,any; each may have its "
        "own patience, as network:90s; without it disk,usb,optical,network",
    ),
    Setting(
        name="entry",
        type=values.ENTRY,
        help="boot this by itself: an entry's id, or its title with its submenus, as `A>B`",
    ),
    Setting(
        name="next",
        type=values.ENTRY,
        help="the same for one boot",
        layers=("machine",),
        reason="it is for the next start",
    ),
    Setting(
        name="menu",
        type=values.SECONDS,
        help="wait so long for a person, once, whatever any other time-out says",
        layers=("machine",),
        reason="it is for the next start",
    ),
    Setting(
        name="store",
        type=values.STORE,
        help="keep settings in this file of a disk, as UUID=1234-ABCD:/petipy.toml",
        layers=_OWNER,
        reason="it says where the machine keeps settings",
        live=False,
    ),
    Setting(
        name="resume",
        type=values.SECONDS,
        help="a key stops the countdown; it begins anew so long after the last key",
    ),
    Setting(
        name="on_failure",
        type=values.one_of("retry", "menu", "reboot", "poweroff"),
        help="when everything has failed three times, or nothing can boot for five minutes",
    ),
    Setting(
        name="flap",
        type=values.FLAP,
        help="an entry that booted by itself so often within the time, and came back, boots last; "
        "the machine has to keep settings, and writes at each boot",
    ),
    Setting(
        name="boots",
        type=values.BOOTS,
        help="the last boots that nobody chose",
        layers=("machine",),
        internal=True,
    ),
    Setting(
        name="panic",
        type=values.WHOLE_SECONDS,
        help="add panic=SECONDS for an entry that boots by itself: a panic then restarts it",
    ),
    Setting(
        name="watchdog",
        type=values.WHOLE_SECONDS,
        help="start /dev/watchdog before a boot, and tell the next kernel to wait so long for its "
        "own; only where that system takes the watchdog over",
    ),
    Setting(
        name="ui",
        type=values.one_of("screen", "line"),
        help="a menu on the whole screen, or lines for a printer or a screen reader, as on any "
        "terminal with TERM=dumb",
    ),
    Setting(
        name="consoles",
        type=values.NAMES,
        help="use these consoles besides the kernel's, such as hvc1,ttyS1",
        live=False,
    ),
    Setting(
        name="color",
        type=values.one_of("auto", "never", "always"),
        help="colours of the menu: auto has them on the machine's own screen, unless NO_COLOR is "
        "in the environment",
        live=False,
    ),
    Setting(
        name="encoding",
        type=values.one_of("ascii", "utf-8"),
        help="of the menu on lines, whose terminals must all know it; the machine's own screen has "
        "the letters of its font",
        live=False,
    ),
    Setting(
        name="glyphs",
        type=values.one_of("auto", "ascii", "unicode", "vga"),
        help="signs of the menu, such as rules and bars: auto has those of VGA's font on the "
        "machine's own screen, and unicode on lines in UTF-8; a sign that a console lacks is as in "
        "ascii",
        live=False,
    ),
    Setting(
        name="language",
        type=values.LANGUAGE,
        help="of the menus, such as de or fr; `L` there changes that of one console",
    ),
    Setting(
        name="keymap",
        type=values.LAYOUT,
        help="the layout of the keyboard at the machine's screen, such as de, us-intl or fr-bepo",
    ),
    Setting(
        name="dialect",
        type=values.DIALECT,
        help="read every grub.cfg as this distribution's GRUB; else each file shows whose it is",
        layers=_OWNER,
    ),
    Setting(
        name="boot_image",
        type=values.FLAG,
        help="put BOOT_IMAGE= before a command line, as GRUB and SYSLINUX do",
    ),
    Setting(
        name="show_foreign",
        type=values.FLAG,
        help="list systems that kexec cannot boot, too, with the reason",
    ),
    Setting(
        name="boot_restricted",
        type=values.FLAG,
        help="boot the default by itself even if its configuration wants a password",
        layers=_OWNER,
    ),
    Setting(
        name="lock",
        type=values.one_of("machine", "own"),
        help="superusers of a configuration guard everything, or only its own entries",
        layers=_OWNER,
    ),
    Setting(
        name="password",
        type=values.HASH,
        help="the image's own password, as crypt's or GRUB's hash; opens every lock",
        layers=_OWNER,
    ),
    Setting(
        name="machine_password",
        type=values.HASH,
        help="a password that the machine keeps, as Petitboot does: shell, editor and settings "
        "need it; it opens no other lock",
        layers=("machine",),  # it closes a lock
    ),
    Setting(
        name="shell",
        type=values.one_of("scanned", "unscanned"),
        help="with `unscanned`, an unreadable disk does not keep shell and editor shut",
        layers=_OWNER,
    ),
    Setting(
        name="rescue",
        type=values.FLAG,
        help="a shell, without a password, after five failures of Petipy itself",
        layers=_OWNER,  # /init reads it, without Python
    ),
    Setting(
        name="ca",
        type=values.LIST,
        help="trust these authorities, too, and for the signatures of files them alone: a file of "
        "the image, a fingerprint, or a URL with its #sha256=",
        layers=_OWNER,
    ),
    Setting(
        name="pin",
        type=values.PINS,
        help="take only servers with one of these keys: the SHA-256 sums of their public keys",
        layers=_OWNER,
    ),
    Setting(
        name="certificate",
        type=values.PATH,
        help="show this certificate to servers: a file of the image with its key",
        layers=_OWNER,
    ),
    Setting(
        name="insecure",
        type=values.FLAG,
        help="do not check the certificates of servers",
        layers=_OWNER,
    ),
    Setting(name="proxy", type=values.PROXY, help="fetch through this HTTP proxy"),
    Setting(
        name="no_proxy",
        type=values.LIST,
        help="hosts, domains and networks that are reached without the proxy",
    ),
    Setting(
        name="ntp",
        type=values.LIST,
        help="ask these time servers before those of the leases",
        live=False,
    ),
    Setting(
        name="syslog",
        type=values.SYSLOG,
        help="send the log to this server by UDP (RFC 5424); dhcp: to the one that a lease names",
        live=False,
    ),
    Setting(
        name="ssh_key",
        type=values.HOST_KEY,
        help="the key of the ssh server, in NVRAM; with `new` it makes one of its own",
        layers=("machine",),
        reason="the image has a file for it",
        live=False,
    ),
    Setting(
        name="network",
        type=values.FLAG,
        help="configure network cards and ask what to boot; with 0 they stay down",
        live=False,
    ),
    Setting(
        name="interfaces",
        type=values.SETUPS,
        help="addresses, VLANs, bonds, bridges, routes and names of interfaces in dracut's words; "
        "a command line may have these words alone",
        live=False,
    ),
    Setting(
        name="dhcp_arch",
        type=values.DHCP_ARCHITECTURE,
        help="the architecture to send to DHCP servers (option 93); else this machine's",
        live=False,
    ),
    Setting(
        name="dhcp_class",
        type=values.CLASS,
        help="the vendor class to send to DHCP servers (option 60), such as HTTPClient",
        live=False,
    ),
    Setting(
        name="dhcp_user_class",
        type=values.CLASS,
        help="the user class to send to DHCP servers (option 77), such as iPXE",
        live=False,
    ),
    Setting(
        name="dhcp_release",
        type=values.FLAG,
        help="give the addresses back to the DHCP servers before a boot",
    ),
    Setting(
        name="story",
        type=values.FLAG,
        help="tell the booted system what was found, chosen and tried; `petipy story` reads it",
    ),
    Setting(name="debug", type=values.FLAG, help="log more"),
    Setting(
        name="trace",
        type=values.FLAG,
        help="print when each stage of the boot is reached",
        layers=_OWNER,
        reason="it is for measurements",
        live=False,
    ),
    *(
        Setting(
            name=name,
            type=values.OWN,
            help="an entry of your own, which the editor makes of another one",
            layers=("machine",),
            reason="the editor of an entry makes it",
            one_of_many=True,
        )
        for name in OWN
    ),
    Setting(
        name="started",
        type=values.QUOTED,
        help="a Petipy that starts another one says here by which entry",
        layers=("command line",),
        live=False,
        internal=True,
    ),
)
BY_NAME = {setting.name: setting for setting in SETTINGS}
