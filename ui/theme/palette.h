#pragma once

#include <QColor>
#include <QString>

namespace qd::ui {

enum class ThemeKind { Dark, Light, HighContrast };
/// Stable names for settings and file names: "dark", "light", "high-contrast".
QString nameOf(ThemeKind kind);
/// Dark when the name is not known.
ThemeKind themeKindOf(const QString& name);

/// Colours by role. Values of `up` and `down` differ for every common colour-vision deficiency, and
/// are never the only sign of a direction.
struct Palette {
    QColor bg0;  ///< window, the gaps between docks
    QColor bg1;  ///< panels, chart, tables
    QColor bg2;  ///< panel headers, inputs
    QColor bg3;  ///< buttons, axis tags
    QColor bg4;  ///< hover, progress tracks
    QColor zebra, selection;
    QColor line;  ///< hairlines
    QColor line2; ///< borders of inputs
    QColor grid;
    QColor text, text2;
    QColor text3; ///< captions only: below 4.5:1, never for values
    QColor accent;
    QColor up, upFill, down, downFill;
    QColor onFill; ///< text on upFill, downFill and crit
    QColor warn, warnBack;
    QColor crit, critText, critBack;
    QColor violet;
};

const Palette& paletteOf(ThemeKind kind);

/// WCAG 2 contrast ratio of two opaque colours, 1 … 21.
double contrast(const QColor& a, const QColor& b);
/// `top` laid over `base` with `alpha` 0 … 1, as an opaque colour.
QColor blend(const QColor& base, const QColor& top, double alpha);

} // namespace qd::ui
