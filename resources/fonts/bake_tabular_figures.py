#!/usr/bin/env python3
"""Bake tabular figures into Inter, because Qt 6.4 cannot switch OpenType features on.

usage: bake_tabular_figures.py SOURCE_FOLDER TARGET_FOLDER      (needs fontTools)

For each of the four weights the terminal uses, every character whose glyph the font's `tnum`
feature would replace is mapped straight to the tabular glyph, glyphs that are not needed for
Latin, Greek, Cyrillic, arrows and mathematics are dropped, and the family is renamed
"Quarterdeck Inter" so that an installed Inter is never mistaken for it.
"""
import sys
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

FAMILY = "Quarterdeck Inter"
WEIGHTS = ["Regular", "Medium", "SemiBold", "Bold"]
RANGES = [(0x20, 0x24F), (0x370, 0x3FF), (0x400, 0x45F), (0x2000, 0x206F), (0x20A0, 0x20BF),
          (0x2190, 0x21FF), (0x2200, 0x22FF), (0x2300, 0x23FF), (0x25A0, 0x25FF),
          (0x2713, 0x2717)]


def tabular_glyphs(font):
    """Glyph names that `tnum` replaces, and by what."""
    table = font["GSUB"].table
    replaced = {}
    for record in table.FeatureList.FeatureRecord:
        if record.FeatureTag != "tnum":
            continue
        for index in record.Feature.LookupListIndex:
            for subtable in table.LookupList.Lookup[index].SubTable:
                subtable = getattr(subtable, "ExtSubTable", subtable)
                replaced.update(getattr(subtable, "mapping", {}))
    return replaced


def bake(source, target, weight):
    font = TTFont(source)
    replaced = tabular_glyphs(font)
    if not replaced:
        raise SystemExit(f"{source}: no tnum feature; is this Inter?")
    for table in font["cmap"].tables:
        if table.isUnicode():
            for code, glyph in list(table.cmap.items()):
                table.cmap[code] = replaced.get(glyph, glyph)
    options = Options()
    options.layout_features = ["kern", "mark", "mkmk", "ccmp"]
    options.name_IDs = ["*"]
    options.notdef_outline = True
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=[c for low, high in RANGES for c in range(low, high + 1)])
    subsetter.subset(font)
    names = font["name"]
    file_name = FAMILY.replace(" ", "")
    for record in list(names.names):
        if record.nameID in (16, 17, 21, 22, 25):
            names.removeNames(nameID=record.nameID)
    for platform in ((1, 0, 0), (3, 1, 0x409)):
        for name_id, text in ((1, FAMILY if weight in ("Regular", "Bold") else f"{FAMILY} {weight}"),
                              (2, weight if weight in ("Regular", "Bold") else "Regular"),
                              (4, f"{FAMILY} {weight}"), (6, f"{file_name}-{weight}"),
                              (3, f"{file_name}-{weight}"), (16, FAMILY), (17, weight)):
            names.setName(text, name_id, *platform)
    if "CFF " in font:
        cff = font["CFF "].cff
        cff.fontNames[0] = f"{file_name}-{weight}"
        cff[0].FamilyName = FAMILY
        cff[0].FullName = f"{FAMILY} {weight}"
    font.save(target)
    print(f"{target}: {Path(target).stat().st_size} bytes")


def main():
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    for weight in WEIGHTS:
        bake(source / f"Inter-{weight}.otf", target / f"QuarterdeckInter-{weight}.otf", weight)


if __name__ == "__main__":
    main()
