#pragma once

#include <QWidget>

#include "ui/state/desk.h"
#include "ui/widgets/row_model.h"

namespace qd::ui {

/// The lowest line: each feed with its age, each broker with its breaker, the link and how often it
/// had to be made again, and New York's time. Trouble changes shape, word and colour.
class StatusLine final : public QWidget {
    Q_OBJECT
public:
    StatusLine(Desk& desk, const Theme& theme, QWidget* parent = nullptr);
    QString text() const;
    QSize sizeHint() const override { return {400, metric::kStatusBar}; }
    QSize minimumSizeHint() const override { return {200, metric::kStatusBar}; }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    struct Segment {
        QString name, value;
        Tone tone = Tone::Up; ///< of the dot; Warn and Crit become a triangle in a box
    };
    std::vector<Segment> leftSegments() const;
    std::vector<Segment> rightSegments() const;
    Segment linkSegment() const;
    void refresh();

    Desk& m_desk;
    const Theme& m_theme;
    std::vector<Segment> m_left, m_right;
};

} // namespace qd::ui
