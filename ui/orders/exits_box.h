#pragma once

#include "ui/orders/ticket_rules.h"
#include "ui/widgets/field.h"

namespace qd::ui {

/// The part of the ticket where exits are set: none, a bracket, one exit (OTO), or both exits of
/// what is held already (OCO); by price, percent or ticks. The fields are gone while there are none.
class ExitsBox final : public QWidget {
    Q_OBJECT
public:
    ExitsBox(const Theme& theme, QWidget* parent);

    OrderClass orderClass() const;
    /// As if it had been picked; tells `edited`.
    void setClass(OrderClass orderClass);
    void setUnit(ExitUnit unit);
    void fill(TicketDraft& draft) const;
    /// Prices are of one symbol: forget them.
    void clear();
    /// What distances came out as, and what each exit would bring.
    void showPlan(const ExitPlan& plan, int places);
    /// "takeProfit", "takeProfit.limitPrice", "stopLoss" …; null for another.
    Field* fieldOf(const std::string& name) const;
    const std::vector<Field*>& fields() const { return m_fields; }
    /// Arrow keys in a field that holds percent or ticks; false if it holds a price.
    bool stepDistance(Field& field, int steps);
    /// Why the broker does not take such an order; empty: it does.
    void showProblem(const QString& text);

Q_SIGNALS:
    void edited();
    void stepped(qd::ui::Field* field, int steps);
    void submitted();

private:
    void refreshVisible();

    Segment *m_class, *m_unit;
    Field *m_profit, *m_loss, *m_lossLimit;
    std::vector<Field*> m_fields;
    QWidget* m_panel;
    TextLabel* m_problem;
};

} // namespace qd::ui
