#pragma once

#include <QStackedLayout>

#include "ui/charts/candle_chart.h"
#include "ui/state/desk.h"
#include "ui/widgets/field.h"
#include "ui/widgets/plates.h"

class QPushButton;

namespace qd::ui {

/// The line above the chart: symbol, last price, interval, studies, best quote. Drops what matters
/// least when it gets narrow.
class ChartHeader final : public QWidget {
    Q_OBJECT
public:
    ChartHeader(Desk& desk, const Theme& theme, QWidget* parent);
    QSize minimumSizeHint() const override { return {320, metric::kToolbar}; }

Q_SIGNALS:
    void studiesChanged(bool fast, bool slow, bool vwap);

protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;

private:
    void refresh();
    void dropByPriority();

    Desk& m_desk;
    const Theme& m_theme;
    TextLabel *m_symbol, *m_name, *m_last, *m_change, *m_quote;
    Segment* m_interval;
    QPushButton* m_studies;
    bool m_fast = true, m_slow = true, m_vwap = true;
};

/// The chart of the selected symbol, with its orders, fills and position, and what is shown when
/// there is none.
class ChartPanel final : public QWidget {
    Q_OBJECT
public:
    ChartPanel(Desk& desk, const Theme& theme, QWidget* parent = nullptr);
    CandleChart& chart() { return *m_chart; }

private:
    void showSeries();
    void followBar(bool appended);
    void refreshTags();
    void refreshLast();
    QString noteForLast(bool stale) const;

    Desk& m_desk;
    Studies m_studies;
    bool m_neverCloses = false;
    QStackedLayout* m_stack;
    CandleChart* m_chart;
    StatePlate* m_plate;
};

} // namespace qd::ui
