#include "ui/widgets/labels.h"

#include <algorithm>

#include <QPainter>

#include "ui/widgets/cell_delegate.h"

namespace qd::ui {

namespace {

constexpr int kFigureHeight = 36; // a caption, and its value below

} // namespace

TextLabel::TextLabel(const Theme& theme, TypeSize size, TypeWeight weight, Tone tone,
                     QWidget* parent)
    : QLabel(parent), m_theme(theme), m_tone(tone)
{
    setTextFormat(Qt::PlainText);
    setFont(theme.font(size, weight));
    connect(&theme, &Theme::changed, this, &TextLabel::restyle);
    restyle();
}

void TextLabel::setTone(Tone tone)
{
    if (tone == m_tone) return;
    m_tone = tone;
    restyle();
}

void TextLabel::show(const QString& value)
{
    if (value != text()) setText(value);
}

void TextLabel::restyle()
{
    setStyleSheet(QStringLiteral("color: %1").arg(colorOf(m_tone, m_theme.colors()).name()));
}

FigureLabel::FigureLabel(const Theme& theme, const QString& caption, QWidget* parent)
    : QWidget(parent), m_theme(theme), m_caption(caption), m_value(QStringLiteral("–"))
{
    setAccessibleName(caption);
    connect(&theme, &Theme::changed, this, qOverload<>(&QWidget::update));
}

void FigureLabel::show(const QString& value, Tone tone)
{
    if (value == m_value && tone == m_tone) return;
    const bool widthMayChange = value.size() != m_value.size();
    m_value = value;
    m_tone = tone;
    setAccessibleDescription(value);
    if (widthMayChange) updateGeometry();
    update();
}

QSize FigureLabel::sizeHint() const
{
    const int caption =
        QFontMetrics(m_theme.font(TypeSize::Small)).horizontalAdvance(m_caption);
    const int value = QFontMetrics(m_theme.font(TypeSize::Input, TypeWeight::SemiBold))
                          .horizontalAdvance(m_value);
    return {std::max(caption, value) + 2, kFigureHeight};
}

void FigureLabel::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    const Palette& colors = m_theme.colors();
    painter.setFont(m_theme.font(TypeSize::Small));
    painter.setPen(colors.text2);
    const int top = (height() - kFigureHeight) / 2; // level with the pills and buttons beside it
    painter.drawText(QRect(0, top + 2, width(), 14), Qt::AlignRight | Qt::AlignVCenter, m_caption);
    painter.setFont(m_theme.font(TypeSize::Input, TypeWeight::SemiBold));
    painter.setPen(colorOf(m_tone, colors));
    painter.drawText(QRect(0, top + 17, width(), 18), Qt::AlignRight | Qt::AlignVCenter, m_value);
}

Pill::Pill(const Theme& theme, Style style, QWidget* parent)
    : QWidget(parent), m_theme(theme), m_style(style)
{
    setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
    connect(&theme, &Theme::changed, this, qOverload<>(&QWidget::update));
}

void Pill::show(const QString& text, Tone tone)
{
    if (text == m_text && tone == m_tone) return;
    m_text = text;
    m_tone = tone;
    setAccessibleName(text);
    updateGeometry();
    update();
}

QSize Pill::sizeHint() const
{
    const QFontMetrics metrics(m_theme.font(TypeSize::Small, TypeWeight::Bold));
    return {metrics.horizontalAdvance(m_text) + 18, 22};
}

void Pill::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const Palette& colors = m_theme.colors();
    const QColor tone = colorOf(m_tone, colors);
    const QRectF box = QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5);
    const bool filled = m_style == Style::Filled;
    painter.setPen(filled ? QPen(Qt::NoPen) : QPen(tone, 1));
    painter.setBrush(filled ? tone : blend(colors.bg1, tone, 0.12));
    painter.drawRoundedRect(box, metric::kRadius, metric::kRadius);
    painter.setPen(filled ? (contrast(tone, colors.bg0) > contrast(tone, colors.onFill)
                                 ? QColor(Qt::black)
                                 : QColor(Qt::white))
                          : tone);
    painter.setFont(m_theme.font(TypeSize::Small, TypeWeight::Bold));
    painter.drawText(rect(), Qt::AlignCenter, m_text);
}

ValueRow::ValueRow(const Theme& theme, const QString& caption, QWidget* parent)
    : QWidget(parent), m_theme(theme), m_caption(caption), m_value(QStringLiteral("–"))
{
    setAccessibleName(caption);
    connect(&theme, &Theme::changed, this, qOverload<>(&QWidget::update));
}

void ValueRow::show(const QString& value, Tone tone)
{
    if (value == m_value && tone == m_tone) return;
    m_value = value;
    m_tone = tone;
    setAccessibleDescription(value);
    update();
}

void ValueRow::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    const Palette& colors = m_theme.colors();
    painter.setFont(m_theme.font(TypeSize::Small));
    painter.setPen(colors.text2);
    painter.drawText(rect(), Qt::AlignLeft | Qt::AlignVCenter, m_caption);
    painter.setFont(m_theme.font(TypeSize::Body, TypeWeight::SemiBold));
    painter.setPen(colorOf(m_tone, colors));
    painter.drawText(rect(), Qt::AlignRight | Qt::AlignVCenter, m_value);
}

} // namespace qd::ui
