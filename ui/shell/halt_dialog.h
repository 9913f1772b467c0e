#pragma once

#include <QDialog>

#include "ui/state/desk.h"
#include "ui/widgets/labels.h"

class QLineEdit;

namespace qd::ui {

/// Halts all trading, or resumes it. Halting needs one press; resuming needs a reason.
/// Works whatever the state of feeds; stays open, and says so, if the backend does not answer.
class HaltDialog final : public QDialog {
    Q_OBJECT
public:
    HaltDialog(Desk& desk, const Theme& theme, QWidget* parent);

private:
    void act(client::TradingState state, bool cancelOrders);

    Desk& m_desk;
    QLineEdit* m_reason;
    TextLabel* m_message;
};

} // namespace qd::ui
