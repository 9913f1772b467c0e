#include "ui/theme/theme.h"

#include <QApplication>
#include <QFile>
#include <QFontDatabase>
#include <QPainter>
#include <QPalette>
#include <QStyleFactory>

static void loadResources()
{
    Q_INIT_RESOURCE(theme);
}

namespace qd::ui {

namespace {

constexpr TypeSize kSizeOf[] = {TypeSize::Pill,  TypeSize::Small,  TypeSize::Body,
                                TypeSize::Input, TypeSize::Action, TypeSize::Title};
constexpr QFont::Weight kWeightOf[] = {QFont::Normal, QFont::Medium, QFont::DemiBold, QFont::Bold};

int indexOf(TypeSize size)
{
    int index = 0;
    for (const TypeSize candidate : kSizeOf) {
        if (candidate == size) return index;
        ++index;
    }
    return 0;
}

QPalette qtPalette(const Palette& c)
{
    QPalette p;
    p.setColor(QPalette::Window, c.bg0);
    p.setColor(QPalette::WindowText, c.text);
    p.setColor(QPalette::Base, c.bg1);
    p.setColor(QPalette::AlternateBase, c.zebra);
    p.setColor(QPalette::Text, c.text);
    p.setColor(QPalette::PlaceholderText, c.text3);
    p.setColor(QPalette::Button, c.bg3);
    p.setColor(QPalette::ButtonText, c.text);
    p.setColor(QPalette::BrightText, c.critText);
    p.setColor(QPalette::Highlight, c.accent);
    p.setColor(QPalette::HighlightedText, c.bg0);
    p.setColor(QPalette::ToolTipBase, c.bg3);
    p.setColor(QPalette::ToolTipText, c.text);
    p.setColor(QPalette::Link, c.accent);
    p.setColor(QPalette::Mid, c.line2);
    p.setColor(QPalette::Dark, c.line);
    p.setColor(QPalette::Disabled, QPalette::Text, c.text3);
    p.setColor(QPalette::Disabled, QPalette::ButtonText, c.text3);
    p.setColor(QPalette::Disabled, QPalette::WindowText, c.text3);
    return p;
}

QString withTokens(QString sheet, const Palette& c)
{
    const std::pair<QLatin1String, QColor> tokens[] = {
        {QLatin1String("@bg0"), c.bg0},           {QLatin1String("@bg1"), c.bg1},
        {QLatin1String("@bg2"), c.bg2},           {QLatin1String("@bg3"), c.bg3},
        {QLatin1String("@bg4"), c.bg4},           {QLatin1String("@selection"), c.selection},
        {QLatin1String("@line2"), c.line2},       {QLatin1String("@line"), c.line},
        {QLatin1String("@text2"), c.text2},       {QLatin1String("@text3"), c.text3},
        {QLatin1String("@text"), c.text},         {QLatin1String("@accent"), c.accent},
        {QLatin1String("@upFill"), c.upFill},     {QLatin1String("@up"), c.up},
        {QLatin1String("@downFill"), c.downFill}, {QLatin1String("@down"), c.down},
        {QLatin1String("@onFill"), c.onFill},     {QLatin1String("@warnBack"), c.warnBack},
        {QLatin1String("@warn"), c.warn},         {QLatin1String("@critText"), c.critText},
        {QLatin1String("@critBack"), c.critBack}, {QLatin1String("@crit"), c.crit}};
    for (const auto& [token, colour] : tokens) sheet.replace(token, colour.name());
    return sheet;
}

} // namespace

Theme::Theme(ThemeKind kind, QObject* parent) : QObject(parent), m_kind(kind)
{
    loadResources();
    for (const char* weight : {"regular", "medium", "semibold", "bold"}) {
        const int id = QFontDatabase::addApplicationFont(
            QStringLiteral(":/quarterdeck/fonts/%1.otf").arg(QLatin1String(weight)));
        const QStringList families = QFontDatabase::applicationFontFamilies(id);
        if (m_family.isEmpty() && !families.isEmpty()) m_family = families.first();
    }
    buildFonts();
}

void Theme::buildFonts()
{
    for (int size = 0; size < kSizes; ++size) {
        for (int weight = 0; weight < kWeights; ++weight) {
            QFont font;
            font.setFamilies({m_family, QStringLiteral("Inter"), QStringLiteral("Roboto"),
                              QStringLiteral("DejaVu Sans")});
            font.setPixelSize(int(kSizeOf[size]));
            font.setWeight(kWeightOf[weight]);
            font.setHintingPreference(QFont::PreferNoHinting);
            font.setStyleStrategy(QFont::PreferAntialias);
            m_fonts[size][weight] = font;
        }
    }
}

const QFont& Theme::font(TypeSize size, TypeWeight weight) const
{
    return m_fonts[indexOf(size)][int(weight)];
}

void Theme::apply(QApplication& application) const
{
    application.setStyle(QStyleFactory::create(QStringLiteral("Fusion")));
    application.setPalette(qtPalette(colors()));
    application.setFont(font(TypeSize::Body));
    QFile sheet(QStringLiteral(":/quarterdeck/themes/controls.qss"));
    if (sheet.open(QIODevice::ReadOnly)) {
        application.setStyleSheet(withTokens(QString::fromUtf8(sheet.readAll()), colors()));
    }
}

void Theme::setKind(ThemeKind kind)
{
    if (kind == m_kind) return;
    m_kind = kind;
    Q_EMIT changed();
}

void paintStaleHatch(QPainter& painter, const QRect& area, const Palette& palette, double alpha)
{
    constexpr int kStep = 8;
    painter.save();
    painter.setClipRect(area, Qt::IntersectClip);
    QColor colour = palette.warn;
    colour.setAlphaF(float(alpha));
    painter.setPen(QPen(colour, 0));
    QList<QLine> lines;
    for (int x = area.left() - area.height() - area.left() % kStep; x < area.right(); x += kStep) {
        lines.append(QLine(x, area.bottom() + 1, x + area.height(), area.top()));
    }
    painter.drawLines(lines);
    painter.restore();
}

} // namespace qd::ui
