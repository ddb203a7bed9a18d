"""A cluster's machines and the application on them, with names that tests may change."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Machine:
    """A name and a separate loopback address, so that every machine can use the well-known ports."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Workload:
    """The application: names in its Nomad job, its ports, and LiteFS's directories."""

    job: str = "navidrome"
    group: str = "navidrome"
    task: str = "navidrome"
    service: str = "navidrome"
    sync_service: str = "navidrome-litefs"
    port: int = 4533
    sync_port: int = 20202
    health_path: str = "/ping"
    sync_path: str = "/info"
    mount: str = "/litefs"
    data: str = "/var/lib/litefs"
    key: str = "litefs/navidrome"

    @property
    def database(self) -> str:
        """The file in the mount that the application writes to."""
        return f"{self.job}.db"


@dataclass(frozen=True, slots=True)
class Layout:
    """Servers run Consul and Nomad servers; nodes run a Consul agent, a Nomad client and one instance of the application each."""

    servers: tuple[Machine, ...]
    nodes: tuple[Machine, ...]
    workload: Workload = field(default_factory=Workload)

    @property
    def server(self) -> Machine:
        """The server to query."""
        return self.servers[0]

    def node(self, name: str) -> Machine:
        """Return the node of that name; KeyError without it."""
        return {node.name: node for node in self.nodes}[name]


def loopback(servers: int, nodes: int, *, block: str = "127.0.0", first: int = 1) -> Layout:
    """Return a layout on addresses of one /24 of the loopback network: servers first, nodes from the next ten on."""
    return Layout(
        tuple(Machine(f"server{number + 1}", f"{block}.{first + number}") for number in range(servers)),
        tuple(Machine(f"odroid{number + 1}", f"{block}.{first + 10 + number}") for number in range(nodes)),
    )
