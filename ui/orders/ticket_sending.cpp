// The half of OrderTicket that speaks with the backend: preview, submit, and what comes back.
#include "ui/orders/order_ticket.h"

#include <utility>

#include <QPushButton>

#include "ui/orders/exits_box.h"
#include "ui/orders/order_words.h"
#include "ui/orders/preview_box.h"
#include "ui/widgets/format.h"

namespace qd::ui {

namespace {

constexpr const char* kCapabilityCode = "broker.capability"; ///< a check of the preview

} // namespace

void OrderTicket::requestPreview()
{
    if (!m_check.request) return;
    OrderRequest request = *m_check.request;
    request.account = m_desk.accountId();
    request.clientOrderId = ClientOrderId(m_random.uuidV4());
    m_desk.session().previewOrder(
        request, this, [this, number = m_previewNumber](client::Answer<client::OrderPreview> answer) {
            if (number != m_previewNumber) return; // the draft has changed since
            if (!answer) {
                m_preview->showProblem(format::plain(answer.error().detail, 160));
                return;
            }
            const client::PositionFacts* held = m_desk.positions().find(m_desk.symbol());
            QString note = format::quantity(answer->positionAfter);
            if (held && !held->position.quantity.isZero()) {
                note = format::quantity(held->position.quantity) + QStringLiteral(" → ") + note;
            }
            m_preview->show(*answer, note);
            for (const client::PreviewCheck& check : answer->checks) {
                if (check.passed || check.code != kCapabilityCode) continue;
                if (m_draft.orderClass != OrderClass::Simple) {
                    m_exits->showProblem(format::plain(check.detail, 160));
                }
            }
            refreshLock();
        });
}

void OrderTicket::submit()
{
    if (m_sending || !lockReason().isEmpty()) return;
    judgeAgain(); // exits that hang on the market hang on it as it is now
    if (!m_check.request) {
        for (const TicketError& error : m_check.errors) {
            Field* field = fieldOf(error.field.toStdString());
            if (!field) continue;
            field->showError(error.text);
            field->edit().setFocus();
            break;
        }
        return;
    }
    OrderRequest request = *m_check.request;
    request.account = m_desk.accountId();
    // The very same order after an answer that never came keeps its id: it cannot be taken twice.
    if (m_unanswered) {
        OrderRequest before = *m_unanswered;
        const ClientOrderId id = before.clientOrderId;
        before.clientOrderId = {};
        before.confirmations.clear();
        if (before == request) request.clientOrderId = id;
    }
    if (request.clientOrderId.empty()) request.clientOrderId = ClientOrderId(m_random.uuidV4());
    send(std::move(request));
}

void OrderTicket::confirm(const std::vector<client::Confirmation>& questions)
{
    if (!m_asked || m_sending) return;
    OrderRequest request = *std::exchange(m_asked, std::nullopt);
    for (const client::Confirmation& question : questions) {
        request.confirmations.push_back(question.code);
    }
    send(std::move(request));
}

void OrderTicket::send(OrderRequest request)
{
    m_sending = true;
    m_message->hide();
    relabel();
    m_desk.session().submitOrder(request, this, [this, request](client::Answer<Order> answer) {
        takeAnswer(request, answer);
    });
}

void OrderTicket::takeAnswer(const OrderRequest& request, const client::Answer<Order>& answer)
{
    m_sending = false;
    m_unanswered.reset();
    if (answer) {
        // What is typed stays for the next order; the quantity alone must be typed anew.
        m_quantity->setText({});
        takeEdit();
        Q_EMIT orderSent(request.clientOrderId);
    } else {
        takeProblem(request, answer.error());
    }
    relabel();
}

QString OrderTicket::message() const
{
    return m_message->isVisibleTo(this) ? m_message->text() : QString();
}

void OrderTicket::takeProblem(const OrderRequest& request, const client::Problem& problem)
{
    if (!problem.confirmations.empty()) {
        m_asked = request;
        Q_EMIT confirmationWanted(headline(request, m_desk.placesOf(request.symbol)),
                                  problem.confirmations);
        return;
    }
    if (problem.outcomeUnknown) m_unanswered = request;
    bool shown = false;
    for (const client::FieldProblem& one : problem.fields) {
        Field* field = fieldOf(one.field);
        if (!field || !field->isVisibleTo(this)) continue;
        field->showError(format::plain(one.detail, 120));
        if (!shown) field->edit().setFocus();
        shown = true;
    }
    QString text = format::plain(problem.detail.empty() ? problem.title : problem.detail, 200);
    if (problem.outcomeUnknown) {
        text = tr("No answer came: the order may or may not have been taken. Sending the same order "
                  "again is safe, it cannot be taken twice.");
    }
    if (shown && problem.fields.size() == 1) return;
    m_message->show(text);
    m_message->QWidget::show();
}

} // namespace qd::ui
