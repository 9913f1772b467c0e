#pragma once

#include <QLabel>
#include <QWidget>

#include "ui/widgets/row_model.h"

namespace qd::ui {

/// A label that shows its text as it is: nothing from outside is ever taken for rich text.
class TextLabel : public QLabel {
    Q_OBJECT
public:
    TextLabel(const Theme& theme, TypeSize size, TypeWeight weight, Tone tone,
              QWidget* parent = nullptr);
    void setTone(Tone tone);
    /// Set the text only when it differs: a relayout is not free.
    void show(const QString& text);

private:
    void restyle();
    const Theme& m_theme;
    Tone m_tone;
};

/// A caption above a right-aligned number: the account strip.
class FigureLabel final : public QWidget {
    Q_OBJECT
public:
    FigureLabel(const Theme& theme, const QString& caption, QWidget* parent = nullptr);
    void show(const QString& value, Tone tone = Tone::Normal);
    QString value() const { return m_value; }
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return sizeHint(); }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    const Theme& m_theme;
    QString m_caption, m_value;
    Tone m_tone = Tone::Normal;
};

/// A small word in a box: PAPER, LIVE, REGULAR.
class Pill final : public QWidget {
    Q_OBJECT
public:
    enum class Style { Filled, Outlined };
    Pill(const Theme& theme, Style style, QWidget* parent = nullptr);
    void show(const QString& text, Tone tone);
    QString text() const { return m_text; }
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return sizeHint(); }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    const Theme& m_theme;
    Style m_style;
    QString m_text;
    Tone m_tone = Tone::Normal;
};

/// "Notional ........ 153,558.00 USD": a caption left, a value right.
class ValueRow final : public QWidget {
    Q_OBJECT
public:
    ValueRow(const Theme& theme, const QString& caption, QWidget* parent = nullptr);
    void show(const QString& value, Tone tone = Tone::Normal);
    QString value() const { return m_value; }
    QSize sizeHint() const override { return {160, 19}; }
    QSize minimumSizeHint() const override { return {120, 19}; }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    const Theme& m_theme;
    QString m_caption, m_value;
    Tone m_tone = Tone::Normal;
};

} // namespace qd::ui
