"""`porchctl fn render`: the pipelines of a package directory and its sub-packages."""

from porch.cli.directory import PackageDirectory
from porch.cli.runlog import RunLog
from porch.cli.running import RunOptions, run
from porch.functions.runtime import Chain
from porch.kpt.outcome import Rendered, RenderFailed
from porch.kpt.render import RenderOptions, render


def render_directory(directory: str, options: RunOptions, *, allow_exec: bool) -> int:
    """Render it; the exit code."""

    def compute(package: PackageDirectory, chain: Chain, log: RunLog) -> Rendered | RenderFailed:
        return render(
            package.files,
            evaluate=chain,
            options=RenderOptions(
                mode=options.mode,
                root=str(package.root),
                allow_exec=allow_exec,
                has_status=options.output.is_in_place,
                keep_items=options.output.wants_items,
            ),
            report=log.report,
        )

    return run(directory, compute, options)
