"""The settings, as one immutable value."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from petipy.state.network import NO_SETUPS, Fetching, Setups

if TYPE_CHECKING:
    from petipy.state.own import Own

OWN = tuple(f"own{number}" for number in range(1, 9))  # the settings that keep a person's entries


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderItem:
    """One item of the order: petipy.state.order. `patience`, in seconds; None: the kind's own."""

    name: str
    patience: float | None = None
    entry: bool = False  # it names an entry, never a device

    def __str__(self) -> str:
        name = self.name.replace(",", "\\,")
        return name if self.patience is None else f"{name}:{self.patience:.0f}s"


class Origin(NamedTuple):
    """The place that the value of a setting comes from."""

    name: str
    layer: str  # petipy.settings.storage
    place: str  # in words: "NVRAM common: petipy,timeout"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The values of all settings. Their types, help and readers: `petipy.settings.table`."""

    timeout: float | None = None  # seconds; None: as the boot configuration says; inf: never
    order: tuple[OrderItem, ...] = ()  # of the sources; () is that of the menu
    entry: str = ""  # boots first: petipy.state.wishes
    next: str = ""  # the same, for one boot
    menu: float | None = None  # seconds of the time-out, for one boot; None: as else
    store: str = ""  # the place of the file that keeps settings: petipy.settings.file
    resume: float = 300.0  # seconds after the last key until the countdown begins anew; inf: never
    on_failure: Literal["retry", "menu", "reboot", "poweroff"] = "retry"
    flap: tuple[int, float] | None = None  # petipy.state.flapping.Rule
    boots: tuple[tuple[int, int], ...] = ()  # the last ones: petipy.state.flapping.Boot
    panic: int = 0  # seconds; 0: no word is added
    watchdog: int = 0  # seconds; 0: none is started
    ui: Literal["screen", "line"] = "screen"  # of consoles whose terminal can move its cursor
    consoles: tuple[str, ...] = ()  # besides those of /proc/consoles: hvc1, ttyS0
    color: Literal["auto", "never", "always"] = "auto"
    encoding: Literal["ascii", "utf-8"] = "ascii"  # of lines
    glyphs: Literal["auto", "ascii", "unicode", "vga"] = "auto"
    language: str = "en"  # of the menus: a locale's language, and perhaps its territory
    keymap: str = ""  # a keyboard layout: petipy.ui.keymaps; "" is the kernel's own
    show_foreign: bool = False
    dialect: str = ""  # one of DIALECTS, whatever a grub.cfg looks like
    boot_image: bool = True  # command lines keep the BOOT_IMAGE= that boot loaders put there
    boot_restricted: bool = False  # the default boots by itself even if it wants a password
    lock: Literal["machine", "own"] = "machine"  # the reach of a configuration's superusers
    password: str = ""  # the image's own, as a hash; "" is none
    machine_password: str = ""  # as a hash; it guards the shell besides all others
    shell: Literal["scanned", "unscanned"] = "scanned"  # it opens beside an unreadable device
    rescue: bool = False  # /init opens a shell after several failures to start
    ca: tuple[str, ...] = ()  # authorities: Fetching.authorities
    pin: tuple[str, ...] = ()  # Fetching.pins
    certificate: str = ""  # a path in the image: our own certificate and key
    insecure: bool = False  # certificates are not checked
    proxy: str = ""
    no_proxy: tuple[str, ...] = ()
    ntp: tuple[str, ...] = ()  # time servers: addresses and names
    syslog: str = ""  # HOST, HOST:PORT, or "dhcp"
    ssh_key: str = ""  # petipy.settings.host_key
    network: bool = True  # interfaces are configured, and asked for something to boot
    interfaces: Setups = NO_SETUPS
    dhcp_arch: int | None = None  # option 93; None: the platform's
    dhcp_class: str = "PXEClient"  # option 60
    dhcp_user_class: str = ""  # option 77
    dhcp_release: bool = False  # leases are given back before a boot
    story: bool = True  # the booted system is told what happened: state.story
    debug: bool = False
    trace: bool = False
    started: str = ""  # id of the choice by which another Petipy started this one
    own1: "Own | None" = None  # entries of a person's own
    own2: "Own | None" = None
    own3: "Own | None" = None
    own4: "Own | None" = None
    own5: "Own | None" = None
    own6: "Own | None" = None
    own7: "Own | None" = None
    own8: "Own | None" = None
    origins: tuple[Origin, ...] = ()  # without the settings that are built in
    complaints: tuple[str, ...] = ()  # statements that are not understood, in words
    notes: tuple[str, ...] = ()  # statements of another boot manager that mean nothing here

    @property
    def own(self) -> "tuple[tuple[str, Own], ...]":
        """The entries of a person's own, each with the name of its setting."""
        return tuple((name, own) for name in OWN if (own := getattr(self, name)))

    @property
    def fetching(self) -> Fetching:
        """The rules for a process that fetches something."""
        return Fetching(
            authorities=self.ca,
            pins=self.pin,
            certificate=self.certificate,
            insecure=self.insecure,
            proxy=self.proxy,
            no_proxy=self.no_proxy,
        )

    def layer(self, name: str) -> str:
        """Return the layer that a setting's value comes from: petipy.settings.storage."""
        return next((o.layer for o in self.origins if o.name == name), "built in")

    def place(self, name: str) -> str:
        """Return the place that a setting's value comes from, in words; "" if it is built in."""
        return next((o.place for o in self.origins if o.name == name), "")


BUILT_IN = Settings()
