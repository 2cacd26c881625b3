"""Every projection there is, in the order in which a window is applied; any order gives the same rows."""

from __future__ import annotations

from projections.projection import Projection

ALL: tuple[Projection, ...] = ()
