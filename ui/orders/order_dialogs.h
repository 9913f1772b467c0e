#pragma once

#include <QDialog>

#include "ui/state/desk.h"
#include "ui/widgets/field.h"

namespace qd::ui {

/// Asks what a precautionary rule wants to know before an order goes out. Escape and the default
/// button keep editing; sending takes a deliberate press.
class ConfirmationDialog final : public QDialog {
    Q_OBJECT
public:
    ConfirmationDialog(const Theme& theme, const QString& headline,
                       const std::vector<client::Confirmation>& questions, QWidget* parent);
};

/// Change price or quantity of an open order.
class ChangeOrderDialog final : public QDialog {
    Q_OBJECT
public:
    ChangeOrderDialog(Desk& desk, const Theme& theme, const Order& order, QWidget* parent);

private:
    void apply();
    void judge();

    Desk& m_desk;
    const Order m_order;
    Field *m_quantity, *m_price;
    TextLabel* m_message;
    QPushButton* m_apply;
};

} // namespace qd::ui
