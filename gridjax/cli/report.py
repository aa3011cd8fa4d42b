"""Command gridjax report."""

from __future__ import annotations

from gridjax.cli.shared.application import Plugins, app, console, load_plugins
from gridjax.cli.shared.options import Folder


@app.command(epilog="Example:  gridjax report runs/quickstart")
def report(
    folder: Folder,
    plugins: Plugins = None,
) -> None:
    """Draw the figures of a run and write report.html, one file that holds them."""
    load_plugins(plugins)
    from gridjax.cli.shared.summary import print_summary
    from gridjax.report.html import write_report
    from gridjax.run.results.run import open_run
    from gridjax.run.storage.integrity import verify_results

    run = open_run(folder)
    verify_results(folder)
    page = write_report(run, folder)
    print_summary(console(), run)
    console().print(f"report in {page}", soft_wrap=True)
