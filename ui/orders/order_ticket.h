#pragma once

#include <QTimer>
#include <QWidget>

#include "services/runtime/random.h"
#include "ui/orders/ticket_rules.h"
#include "ui/state/desk.h"
#include "ui/widgets/field.h"

class QCheckBox;
class QComboBox;
class QPushButton;

namespace qd::ui {

class ExitsBox;
class PreviewBox;

/// The order ticket. Judges while one types, at the field; asks the backend for a preview when the
/// draft is sound; sends once, with an id made here, and sends the same id again if asked again
/// after an answer that never came. Locked, with the reason on the button, while prices are stale,
/// the link is down, trading is halted or the broker's breaker is open.
class OrderTicket final : public QWidget {
    Q_OBJECT
public:
    OrderTicket(Desk& desk, const Theme& theme, runtime::Random& random, QWidget* parent = nullptr);

    /// Start an order for this side: the quantity has the cursor.
    void begin(Side side);
    void setPrice(const Price& price);
    void setQuantity(const QString& text);
    void setType(OrderType type);
    void setExits(OrderClass orderClass);
    /// As if typed: "513.10", "0.25%", "80t".
    void setExitPrices(const QString& takeProfit, const QString& stopLoss);
    /// None, bracket, OTO, OCO, none …
    void cycleExits();
    /// Price, percent, ticks, price …
    void cycleExitUnit();
    void toggleExtendedHours();
    void focusTimeInForce();
    void submit();
    /// Empty: orders may go out.
    QString lockReason() const;
    /// Why the order that was sent last was not taken; empty: nothing is to be said.
    QString message() const;
    const TicketDraft& draft() const { return m_draft; }
    const ExitPlan& plan() const { return m_check.plan; }

Q_SIGNALS:
    void orderSent(const qd::ClientOrderId& id);
    /// The backend asks before it takes the order; answer with `confirm` or not at all.
    void confirmationWanted(const QString& headline,
                            const std::vector<qd::client::Confirmation>& questions);

public:
    /// Send the order that was asked about, with these confirmations.
    void confirm(const std::vector<client::Confirmation>& questions);

private:
    QWidget* buildFields(const Theme& theme);
    QWidget* buildQuickRow(const Theme& theme);
    void connectDesk();
    void takeEdit();
    void step(Field& field, int steps, bool isQuantity);
    void judge();
    void judgeAgain();
    TicketMarket market() const;
    void suitTimeInForce();
    void showErrors(const TicketCheck& check);
    void relabel();
    void refreshLock();
    void requestPreview();
    void send(OrderRequest request);
    void takeAnswer(const OrderRequest& request, const client::Answer<Order>& answer);
    void takeProblem(const OrderRequest& request, const client::Problem& problem);
    Field* fieldOf(const std::string& name);
    void fillEmptyPrices();

    Desk& m_desk;
    runtime::Random& m_random;
    TicketDraft m_draft;
    TicketCheck m_check;
    std::optional<OrderRequest> m_unanswered; ///< sent, and no answer came
    std::optional<OrderRequest> m_asked;      ///< the backend wants a confirmation for it
    QTimer m_previewSoon;
    int m_previewNumber = 0;
    bool m_sending = false;
    bool m_timeInForceWasSuited = false; ///< changed for a coin, to be changed back

    Segment *m_side, *m_type;
    Field *m_quantity, *m_limit, *m_stop, *m_trail;
    QComboBox* m_timeInForce;
    TextLabel *m_timeInForceError, *m_message;
    QCheckBox *m_extended, *m_reduceOnly, *m_trailPercent;
    ExitsBox* m_exits;
    PreviewBox* m_preview;
    QPushButton* m_submit;
};

} // namespace qd::ui
