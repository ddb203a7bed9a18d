"""Canaries: instances of a new version that a deployment tries beside the old ones, which serve on."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from collector.observe.observation import Observation
from collector.observe.successors import Group, group_of, standing
from collector.observe.world import World


def with_canaries(world: World, instances: Sequence[Observation], holding: Collection[str]) -> Iterator[Observation]:
    """The instances, each with whether it is a canary, and whether nobody misses it. `holding` are the nodes that are primary for somebody.

    Nobody misses a canary while the old version has all its instances, all of them well, and no replica waits for the canary's node.
    """
    complete = _complete(world, {one.scope["alloc"] for one in instances if one.fields["well"]})
    for one in instances:
        alloc = world.alloc[one.scope["alloc"]]
        spare = alloc["canary"] and group_of(alloc) in complete and one.scope.get("node") not in holding
        yield one._replace(fields={**one.fields, "canary": alloc["canary"], "spare": bool(spare)})


def _complete(world: World, well: Collection[str]) -> set[Group]:
    """The groups that have as many sound instances as they want without their canaries. What a job was not seen to want is not known."""
    wanted = {(job["namespace"], job["id"], group["name"]): group["count"] for job in world.jobs.values() for group in job["groups"]}
    sound: dict[Group, int] = {}
    for one in standing(world.instances):
        sound[group_of(one.alloc)] = sound.get(group_of(one.alloc), 0) + (one.id in well)
    return {group for group, count in wanted.items() if count and sound.get(group, 0) >= count}
