#pragma once

#include <QWidget>

#include "ui/widgets/labels.h"

class QDockWidget;

namespace qd::ui {

/// The title bar of a dock: name, a quiet note behind it, float and close.
class DockTitle final : public QWidget {
    Q_OBJECT
public:
    DockTitle(const Theme& theme, QDockWidget& dock);
    void setNote(const QString& note);
    /// Put a control at the right, before float and close.
    void addControl(QWidget* control);
    QSize sizeHint() const override { return {120, metric::kDockTitle}; }
    QSize minimumSizeHint() const override { return {80, metric::kDockTitle}; }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    const Theme& m_theme;
    TextLabel* m_note;
};

} // namespace qd::ui
