"""One background push of one draft."""

from dataclasses import dataclass

from porch.controllers.packagerevision.reconcile import REFUSED_AGAIN, Revisions
from porch.controllers.served import object_key
from porch.engine.pushes import is_push_due, put_draft
from porch.engine.seen import Key, Seen
from porch.engine.world import World
from porch.kpt.content import Content
from porch.runtime.queue import DONE, Result
from porch.storage.adapter import Moved, Refused, Stored


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushing:
    """Pushes drafts; see `pushes` for when."""

    revisions: Revisions

    async def push(self, key: Key) -> Result:
        """Push the newest content of a draft, if git still lacks it."""
        async with self.revisions.pushes.alone(key):
            obj = self.revisions.store.get(object_key(key))
            if obj is None:
                return DONE
            self.revisions.may_write()
            seen = await self.revisions.observe(key, obj)
            if not is_push_due(seen):
                return DONE
            content = await self._content(seen)
            if content is None:
                return DONE
            return await self._put(self.revisions.world(key, obj), seen, content)

    async def _content(self, seen: Seen) -> Content | None:
        """The content that counts as the draft's; None when a pass is about to change it."""
        if seen.fact.digest is None:
            return None
        remembered = self.revisions.memory.content(seen.fact.digest)
        if remembered is not None:
            return remembered
        body = await self.revisions.cache.read(seen.key.namespace, seen.key.name)
        if body is None or body.content.digest != seen.fact.digest:
            return None
        return body.content

    async def _put(self, world: World, seen: Seen, content: Content) -> Result:
        lifecycle = seen.fact.lifecycle or seen.wish.lifecycle
        outcome = await world.repository.apply(put_draft(seen, content, lifecycle, world.author))
        match outcome:
            case Stored() | Moved():
                self.revisions.pushes.ended(seen.key)
            case Refused(message):
                self.revisions.announcer.warn(seen.key, "PushRefused", message)
                return Result(after=REFUSED_AGAIN)
        return DONE
