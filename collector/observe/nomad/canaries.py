"""Canaries, which a deployment runs beside the old version, and evaluations that only wait to place one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from collector.model import JSON
from collector.observe.observation import Observation
from collector.observe.world.successors import Group, group_of, standing
from collector.observe.world.survey import World


def with_canaries(world: World, instances: Sequence[Observation], holding: Collection[str]) -> Iterator[Observation]:
    """Add to each instance whether it is a canary and whether it is spare. `holding` are the nodes that are primary for anyone.

    A canary is spare while the old version has all its instances, all healthy, and no replica waits for the canary's node.
    """
    complete = _complete(world, {one.scope["alloc"] for one in instances if one.fields["well"]})
    for one in instances:
        alloc = world.alloc[one.scope["alloc"]]
        spare = alloc["canary"] and group_of(alloc) in complete and one.scope.get("node") not in holding
        yield one._replace(fields={**one.fields, "canary": alloc["canary"], "spare": bool(spare)})


def with_spares(world: World, evaluations: Iterable[Observation], wells: Mapping[str, bool]) -> Iterator[Observation]:
    """Add to each blocked evaluation whether it only waits to place a canary of a complete group."""
    complete = _complete(world, {alloc for alloc, well in wells.items() if well}) if _is_on_trial(world) else set()
    whole = {group for _, _, group in complete} - {group["name"] for key, group in _wanted(world).items() if key not in complete}
    for one in evaluations:
        spare = one.fields["group"] in whole
        quote = f"{one.quote}; the group has all its instances, all healthy" if spare else one.quote
        yield one._replace(fields={**one.fields, "spare": spare}, quote=quote)


def _is_on_trial(world: World) -> bool:
    """True if the newest deployment has canaries to be promoted, according to its description."""
    newest = [result.data[0] for result in world.results("nomad_deployments") if result.data]
    return any(one["status"] == "running" and "promotion" in (one["status_description"] or "") for one in newest)


def _wanted(world: World) -> dict[Group, Mapping[str, JSON]]:
    """Return the jobs' groups, which have the number of instances wanted."""
    return {(job["namespace"], job["id"], group["name"]): group for job in world.jobs.values() for group in job["groups"]}


def _complete(world: World, well: Collection[str]) -> set[Group]:
    """Return the groups that have as many healthy instances as wanted without canaries. Groups with an unknown count are excluded."""
    sound: dict[Group, int] = {}
    for one in standing(world.instances):
        sound[group_of(one.alloc)] = sound.get(group_of(one.alloc), 0) + (one.id in well)
    return {key for key, group in _wanted(world).items() if group["count"] and sound.get(key, 0) >= group["count"]}
