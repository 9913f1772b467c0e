#pragma once

#include "ui/state/desk.h"
#include "ui/widgets/labels.h"

namespace qd::ui {

/// The account's figures in the top bar, most important last to be dropped when it gets narrow.
class AccountStrip final : public QWidget {
    Q_OBJECT
public:
    AccountStrip(Desk& desk, const Theme& theme, QWidget* parent = nullptr);
    /// Show as many figures as fit; returns the width used.
    int fitTo(int width);

Q_SIGNALS:
    void widthChanged();

private:
    void refresh();

    Desk& m_desk;
    FigureLabel *m_net, *m_power, *m_day, *m_risk;
};

} // namespace qd::ui
