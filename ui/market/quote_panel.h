#pragma once

#include <QAbstractButton>

#include "ui/state/desk.h"
#include "ui/widgets/labels.h"

namespace qd::ui {

/// One side of the best quote, large; a press puts its price into the ticket.
class QuoteSide final : public QAbstractButton {
    Q_OBJECT
public:
    QuoteSide(const Theme& theme, Side side, QWidget* parent);
    void show(const QString& price, const QString& size, double share, bool stale);
    QSize sizeHint() const override { return {120, 58}; }
    QSize minimumSizeHint() const override { return {96, 58}; }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    const Theme& m_theme;
    Side m_side;
    QString m_price, m_size;
    double m_share = 0.5;
    bool m_stale = false;
};

/// Where the last price lies between the day's low and high.
class DayRange final : public QWidget {
    Q_OBJECT
public:
    DayRange(const Theme& theme, QWidget* parent);
    void show(const QString& low, const QString& high, double position, double open);
    QSize sizeHint() const override { return {160, 34}; }
    QSize minimumSizeHint() const override { return {100, 34}; }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    const Theme& m_theme;
    QString m_low, m_high;
    double m_position = -1, m_open = -1;
};

/// The selected symbol's best bid and offer, its day, and how old and from whom the prices are.
/// The feed has no depth beyond the first level, so none is drawn.
class QuotePanel final : public QWidget {
    Q_OBJECT
public:
    QuotePanel(Desk& desk, const Theme& theme, QWidget* parent = nullptr);

Q_SIGNALS:
    void noteChanged(const QString& note);

private:
    void refresh();
    void refreshAge();

    Desk& m_desk;
    QuoteSide* m_bid;
    QuoteSide* m_ask;
    DayRange* m_range;
    ValueRow *m_spread, *m_mid, *m_open, *m_previous, *m_volume, *m_lastSize, *m_age, *m_source;
};

} // namespace qd::ui
