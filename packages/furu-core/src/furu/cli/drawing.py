"""Drawings of a class graph: a tree for the terminal, Mermaid for pages, DOT for Graphviz."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text
from rich.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Mapping

    from furu.objects.class_graph import ClassGraph, Edge, Node


def tree(graph: ClassGraph, counts: Mapping[str, int]) -> Tree:
    """Return what nothing else needs, with everything it needs below it; each class is taken apart once.

    ``counts`` says how many artifacts of a class the store has.
    """
    nodes = {node.name: node for node in graph.nodes}
    below: dict[str, list[Edge]] = {name: [] for name in nodes}
    for edge in graph.edges:
        if edge.kind != "subclass":
            below[edge.source].append(edge)
    needed = {edge.target for edge in graph.edges if edge.kind != "subclass" and edge.source != edge.target}
    made = Tree(Text(f"{len(nodes)} class{'' if len(nodes) == 1 else 'es'}"), guide_style="dim")
    shown: set[str] = set()
    roots = [name for name in nodes if name not in needed]
    for name in [*roots, *nodes]:  # classes that need each other have no root among them
        if name not in shown:
            _grow(made, name, "", nodes, below, counts, shown)
    return made


def _grow(
    root: Tree,
    name: str,
    label: str,
    nodes: Mapping[str, Node],
    below: Mapping[str, list[Edge]],
    counts: Mapping[str, int],
    shown: set[str],
) -> None:
    stack = [(root, name, label)]
    while stack:
        above, name, label = stack.pop()
        line = Text(label, style="dim")
        line.append(name.rpartition(".")[2], style="bold")
        if name in shown and below[name]:
            line.append("  (see above)", style="dim")
            above.add(line)
            continue
        line.append(f"  {_said(nodes[name], counts)}", style="dim")
        here = above.add(line)
        shown.add(name)
        stack += [(here, edge.target, f"{_path(edge)}  ") for edge in reversed(below[name])]


def _said(node: Node, counts: Mapping[str, int]) -> str:
    if not node.computes:
        return "abstract"
    return f"{counts[node.name]:,} in the store" if counts.get(node.name) else "never run"


def _path(edge: Edge) -> str:
    return f"{edge.path}[]" if edge.many else edge.path


def mermaid(graph: ClassGraph) -> str:
    """Return the graph as a Mermaid flowchart: what is needed as an arrow, what is called in _create as a dotted one."""
    number = {node.name: place for place, node in enumerate(graph.nodes)}
    lines = ["flowchart LR"]
    for node in graph.nodes:
        short = node.name.rpartition(".")[2]
        lines.append(f'  n{number[node.name]}["{short}"]' if node.computes else f'  n{number[node.name]}(["{short}"])')
    for edge in graph.edges:
        source, target = f"n{number[edge.source]}", f"n{number[edge.target]}"
        match edge.kind:
            case "subclass":
                lines.append(f"  {source} -. is a .-> {target}")
            case "call":
                lines.append(f'  {source} -.->|"{_path(edge)}"| {target}')
            case _:
                lines.append(f'  {source} -->|"{_path(edge)}"| {target}')
    return "\n".join(lines) + "\n"


def dot(graph: ClassGraph) -> str:
    """Return the graph in the language of Graphviz."""
    lines = ["digraph furu {", "  rankdir=LR;", "  node [shape=box];"]
    for node in graph.nodes:
        style = "" if node.computes else ", style=dashed"
        lines.append(f'  "{node.name}" [label="{node.name.rpartition(".")[2]}"{style}];')
    for edge in graph.edges:
        style = {"subclass": ", style=dashed, arrowhead=empty", "call": ", style=dotted"}.get(edge.kind, "")
        label = "is a" if edge.kind == "subclass" else _path(edge)
        lines.append(f'  "{edge.source}" -> "{edge.target}" [label="{label}"{style}];')
    return "\n".join([*lines, "}"]) + "\n"
