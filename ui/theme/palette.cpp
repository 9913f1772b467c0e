#include "ui/theme/palette.h"

#include <algorithm>
#include <cmath>

namespace qd::ui {

namespace {

QColor rgb(unsigned value)
{
    return QColor::fromRgb(QRgb(0xFF000000U | value));
}

Palette dark()
{
    Palette p;
    p.bg0 = rgb(0x080B0F), p.bg1 = rgb(0x0E1318), p.bg2 = rgb(0x141A21);
    p.bg3 = rgb(0x1B232C), p.bg4 = rgb(0x25303B);
    p.zebra = rgb(0x10161C), p.selection = rgb(0x17273A);
    p.line = rgb(0x1E2731), p.line2 = rgb(0x2C3844), p.grid = rgb(0x161D25);
    p.text = rgb(0xDCE3EA), p.text2 = rgb(0x93A1AF), p.text3 = rgb(0x6B7A88);
    p.accent = rgb(0x4C9BF5);
    p.up = rgb(0x2EBCC4), p.upFill = rgb(0x1B7F88);
    p.down = rgb(0xF26B4F), p.downFill = rgb(0xA8432D);
    p.onFill = rgb(0xFFFFFF);
    p.warn = rgb(0xF2B84B), p.warnBack = rgb(0x2A2210);
    p.crit = rgb(0xE5484D), p.critText = rgb(0xFF8A8E), p.critBack = rgb(0x2A1114);
    p.violet = rgb(0xB39DF3);
    return p;
}

Palette light()
{
    Palette p;
    p.bg0 = rgb(0xD8DEE5), p.bg1 = rgb(0xFFFFFF), p.bg2 = rgb(0xF2F5F8);
    p.bg3 = rgb(0xE6EBF0), p.bg4 = rgb(0xD5DDE5);
    p.zebra = rgb(0xF8FAFB), p.selection = rgb(0xDCEBFC);
    p.line = rgb(0xDDE3E9), p.line2 = rgb(0xBAC5CF), p.grid = rgb(0xEEF2F5);
    p.text = rgb(0x16202A), p.text2 = rgb(0x4A5A69), p.text3 = rgb(0x74828F);
    p.accent = rgb(0x1565C0);
    p.up = rgb(0x0B757C), p.upFill = rgb(0x0B757C);
    p.down = rgb(0xB83A1F), p.downFill = rgb(0xB83A1F);
    p.onFill = rgb(0xFFFFFF);
    p.warn = rgb(0x855600), p.warnBack = rgb(0xFFF3D6);
    p.crit = rgb(0xC4262B), p.critText = rgb(0xA61B20), p.critBack = rgb(0xFDE7E8);
    p.violet = rgb(0x6A4FC4);
    return p;
}

Palette highContrast()
{
    Palette p;
    p.bg0 = rgb(0x000000), p.bg1 = rgb(0x000000), p.bg2 = rgb(0x0C0F12);
    p.bg3 = rgb(0x1C2228), p.bg4 = rgb(0x38434E);
    p.zebra = rgb(0x0A0C0F), p.selection = rgb(0x0A335C);
    p.line = rgb(0x55626F), p.line2 = rgb(0x8493A1), p.grid = rgb(0x20272E);
    p.text = rgb(0xFFFFFF), p.text2 = rgb(0xD2DAE2), p.text3 = rgb(0xA9B5C0);
    p.accent = rgb(0x8CC4FF);
    p.up = rgb(0x6DB3FF), p.upFill = rgb(0x1459A8);
    p.down = rgb(0xFFA14A), p.downFill = rgb(0x8F4A00);
    p.onFill = rgb(0xFFFFFF);
    p.warn = rgb(0xFFD84D), p.warnBack = rgb(0x332900);
    p.crit = rgb(0xD8262C), p.critText = rgb(0xFFA3A6), p.critBack = rgb(0x3A0A0C);
    p.violet = rgb(0xCDBDFF);
    return p;
}

double luminance(const QColor& colour)
{
    const auto linear = [](double channel) {
        return channel <= 0.03928 ? channel / 12.92 : std::pow((channel + 0.055) / 1.055, 2.4);
    };
    return 0.2126 * linear(double(colour.redF())) + 0.7152 * linear(double(colour.greenF())) +
           0.0722 * linear(double(colour.blueF()));
}

} // namespace

QString nameOf(ThemeKind kind)
{
    switch (kind) {
    case ThemeKind::Dark: return QStringLiteral("dark");
    case ThemeKind::Light: return QStringLiteral("light");
    case ThemeKind::HighContrast: return QStringLiteral("high-contrast");
    }
    return {};
}

ThemeKind themeKindOf(const QString& name)
{
    for (const ThemeKind kind : {ThemeKind::Light, ThemeKind::HighContrast}) {
        if (nameOf(kind) == name) return kind;
    }
    return ThemeKind::Dark;
}

const Palette& paletteOf(ThemeKind kind)
{
    static const Palette kDark = dark();
    static const Palette kLight = light();
    static const Palette kHighContrast = highContrast();
    switch (kind) {
    case ThemeKind::Light: return kLight;
    case ThemeKind::HighContrast: return kHighContrast;
    case ThemeKind::Dark: break;
    }
    return kDark;
}

double contrast(const QColor& a, const QColor& b)
{
    const double first = luminance(a);
    const double second = luminance(b);
    return (std::max(first, second) + 0.05) / (std::min(first, second) + 0.05);
}

QColor blend(const QColor& base, const QColor& top, double alpha)
{
    const auto mix = [alpha](int under, int over) {
        return int(std::lround(under + (over - under) * alpha));
    };
    return QColor(mix(base.red(), top.red()), mix(base.green(), top.green()),
                  mix(base.blue(), top.blue()));
}

} // namespace qd::ui
