"""The engine's port `Renderer`, on the pool of render workers.

Only text is rendered: symlinks, binary files and executable bits are carried over.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from porch.api.functionconfig import FunctionConfigSpec
from porch.engine.ports import Rendering
from porch.engine.record import FunctionRun
from porch.functions.pool import RenderPool, RenderTimedOut
from porch.kpt.content import Content, combine


@dataclass(frozen=True, slots=True)
class PooledRenderer:
    """Renders packages in worker processes."""

    pool: RenderPool
    configs: Callable[[], Sequence[FunctionConfigSpec]]  # in force now

    async def render(self, content: Content) -> Rendering:
        """Render; a function that fails or hangs is an outcome."""
        try:
            done = await self.pool.render(content.texts, configs=self.configs())
        except RenderTimedOut as err:
            return Rendering(content, False, str(err), (), b"")
        functions = tuple(
            FunctionRun(each.title, each.exit_code, each.milliseconds) for each in done.functions
        )
        if done.error:
            return Rendering(content, False, done.error, functions, done.results)
        rendered = combine(done.texts, content.carried)
        return Rendering(rendered, True, "", functions, done.results)
