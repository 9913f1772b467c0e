#include "ui/orders/order_dialogs.h"

#include <QHBoxLayout>
#include <QPushButton>
#include <QVBoxLayout>

#include "ui/orders/order_words.h"
#include "ui/orders/ticket_rules.h"
#include "ui/widgets/format.h"

namespace qd::ui {

namespace {

TextLabel* addText(QVBoxLayout& column, const Theme& theme, const QString& text, TypeSize size,
                   TypeWeight weight, Tone tone)
{
    auto* label = new TextLabel(theme, size, weight, tone);
    label->setWordWrap(true);
    label->show(text);
    column.addWidget(label);
    return label;
}

} // namespace

ConfirmationDialog::ConfirmationDialog(const Theme& theme, const QString& headline,
                                       const std::vector<client::Confirmation>& questions,
                                       QWidget* parent)
    : QDialog(parent)
{
    setObjectName(QStringLiteral("confirmationDialog"));
    setWindowTitle(tr("Send this order?"));
    setMinimumWidth(420);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(20, 18, 20, 16);
    column->setSpacing(10);
    addText(*column, theme, headline, TypeSize::Title, TypeWeight::SemiBold, Tone::Normal);
    addText(*column, theme, tr("The order was held back to ask:"), TypeSize::Body,
            TypeWeight::Regular, Tone::Muted);
    for (const client::Confirmation& question : questions) {
        addText(*column, theme, QStringLiteral("▲  ") + format::plain(question.text, 240),
                TypeSize::Input, TypeWeight::Medium, Tone::Warn);
        addText(*column, theme, format::plain(question.code, 80), TypeSize::Small,
                TypeWeight::Regular, Tone::Caption);
    }
    column->addSpacing(8);
    auto* row = new QHBoxLayout;
    row->addStretch(1);
    QPushButton* keep = makeButton(tr("Keep editing"), QStringLiteral("confirmKeep"), {}, this);
    QPushButton* send = makeButton(tr("Send anyway"), QStringLiteral("confirmSend"), "danger", this);
    row->addWidget(keep);
    row->addWidget(send);
    column->addLayout(row);
    keep->setDefault(true);
    keep->setFocus();
    connect(keep, &QPushButton::clicked, this, &QDialog::reject);
    connect(send, &QPushButton::clicked, this, &QDialog::accept);
}

ChangeOrderDialog::ChangeOrderDialog(Desk& desk, const Theme& theme, const Order& order,
                                     QWidget* parent)
    : QDialog(parent), m_desk(desk), m_order(order),
      m_quantity(new Field(theme, tr("Quantity"), QStringLiteral("changeQuantity"), this)),
      m_price(new Field(theme, order.request.limitPrice ? tr("Limit price") : tr("Stop price"),
                        QStringLiteral("changePrice"), this)),
      m_apply(makeButton(tr("Change order"), QStringLiteral("changeApply"), {}, this))
{
    setObjectName(QStringLiteral("changeOrderDialog"));
    setWindowTitle(tr("Change order"));
    setMinimumWidth(360);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(20, 18, 20, 16);
    column->setSpacing(8);
    const int places = desk.placesOf(order.request.symbol);
    addText(*column, theme, headline(order.request, places), TypeSize::Title, TypeWeight::SemiBold,
            Tone::Normal);
    auto* fields = new QHBoxLayout;
    fields->addWidget(m_quantity);
    fields->addWidget(m_price);
    column->addLayout(fields);
    m_message = addText(*column, theme, {}, TypeSize::Small, TypeWeight::Medium, Tone::Crit);
    auto* row = new QHBoxLayout;
    row->addStretch(1);
    QPushButton* close = makeButton(tr("Leave as it is"), QStringLiteral("changeClose"), {}, this);
    row->addWidget(close);
    row->addWidget(m_apply);
    column->addLayout(row);
    m_apply->setDefault(true);
    m_quantity->setText(QString::fromStdString(order.request.quantity.toString()));
    if (const auto price = shownPrice(order.request)) {
        m_price->setText(QString::fromStdString(price->value().toFixed(places)));
    } else {
        m_price->hide();
    }
    connect(m_quantity, &Field::edited, this, &ChangeOrderDialog::judge);
    connect(m_price, &Field::edited, this, &ChangeOrderDialog::judge);
    connect(close, &QPushButton::clicked, this, &QDialog::reject);
    connect(m_apply, &QPushButton::clicked, this, &ChangeOrderDialog::apply);
    judge();
}

void ChangeOrderDialog::judge()
{
    TicketDraft draft;
    draft.symbol = m_order.request.symbol;
    draft.type = m_order.request.limitPrice ? OrderType::Limit
                 : m_order.request.stopPrice ? OrderType::Stop
                                             : OrderType::Market;
    draft.quantity = m_quantity->text();
    draft.limitPrice = draft.stopPrice = m_price->text();
    const TicketCheck check = checkTicket(draft, m_desk.instrument(m_order.request.symbol));
    m_quantity->showError({});
    m_price->showError({});
    for (const TicketError& error : check.errors) {
        (error.field == QStringLiteral("quantity") ? m_quantity : m_price)->showError(error.text);
    }
    m_apply->setEnabled(check.request.has_value());
}

void ChangeOrderDialog::apply()
{
    client::OrderChange change;
    change.order = m_order.request.clientOrderId;
    const auto quantity = parseTyped(m_quantity->text());
    if (quantity && Quantity(*quantity) != m_order.request.quantity) {
        change.quantity = Quantity(*quantity);
    }
    if (const auto price = parseTyped(m_price->text())) {
        if (m_order.request.limitPrice) change.limitPrice = Price(*price);
        else if (m_order.request.stopPrice) change.stopPrice = Price(*price);
    }
    m_apply->setEnabled(false);
    m_desk.session().changeOrder(change, this, [this](client::Answer<Order> answer) {
        if (answer) return accept();
        m_message->show(format::plain(answer.error().detail, 200));
        m_apply->setEnabled(true);
    });
}

} // namespace qd::ui
