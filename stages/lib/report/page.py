"""The library that draws charts in a browser, and the page of `dvc plots` with it in the page.

DVC's own page loads the library from the network and is blank without. `.dvc/plots.html` stands in
for it, by `plots.html_template` in `.dvc/config`; after a change here, of the template or of
vl-convert, write it again with

    python -c "from stages.lib.base import files; from stages.lib.report import page
    files.write_text(page.plots(), '.dvc/plots.html')"
"""

from . import document, vega


def library() -> str:
    """Return Vega, Vega-Lite and Vega-Embed as one script, with the terms they come under.

    The script sets `vegaEmbed`, reads nothing from the network, and can stand in a script element.
    """
    import vl_convert

    terms = (document.FOLDER / "licence.txt").read_text(encoding="utf-8")
    script = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", vega.VERSION)
    return terms + script.replace("</script", "<\\/script")


def plots() -> str:
    """Return the page that `dvc plots` fills: it has DVC's placeholders, and the library."""
    return document.plots(library())
