"""The graph from the table to the final model, and the same in words."""

import re

import test_report as made

from stages.lib.report import ancestry


def nodes() -> list[ancestry.Node]:
    """Return the graph of six batches of three generators, one of which is in the mix."""
    found = made.evidence()
    return ancestry.trace(found, {path: "f" * 64 for path in ancestry.files(found)})


def test_every_node_comes_after_its_parents_and_has_a_hash() -> None:
    """Reading in order never meets something whose origin is still to come."""
    seen: set[str] = set()
    for node in nodes():
        assert set(node.parents) <= seen, node
        assert re.fullmatch("[0-9a-f]{64}", node.sha256)
        seen.add(node.key)
    assert len(seen) == len(nodes())


def test_only_what_the_final_model_learned_from_is_used() -> None:
    """From the final model back, used nodes are those that lead to it."""
    by_key = {node.key: node for node in nodes()}
    reached, waiting = set(), ["models/final.skops"]
    while waiting:
        key = waiting.pop()
        reached.add(key)
        waiting += by_key[key].parents
    assert reached == {key for key, node in by_key.items() if node.used}


def test_the_picture_and_the_list_name_every_node() -> None:
    """Each node's hash is in the picture, and each has a sentence."""
    graph, said = ancestry.draw(nodes()), ancestry.told(nodes())
    assert len(said) == len(nodes())
    assert graph.svg.count('class="hash"') == len(nodes())
    assert all(node.sha256[:10] in graph.svg for node in nodes())
    assert graph.svg.startswith('<svg role="img" aria-labelledby="lineage-title"')


def test_a_name_cannot_break_the_picture() -> None:
    """Whatever a file is called, it stays text."""
    node = ancestry.Node("x", 0, "batch", "<b>&", "", "0" * 64, ())
    assert "&lt;b&gt;&amp;" in ancestry.draw([node]).svg
