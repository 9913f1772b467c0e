#include "ui/orders/order_ticket.h"

#include <algorithm>

#include <QCheckBox>
#include <QComboBox>
#include <QGridLayout>
#include <QPushButton>
#include <QScrollArea>
#include <QStyle>
#include <QVBoxLayout>

#include "ui/orders/exits_box.h"
#include "ui/orders/order_words.h"
#include "ui/orders/preview_box.h"
#include "ui/widgets/format.h"

namespace qd::ui {

namespace {

constexpr OrderType kTypes[] = {OrderType::Limit, OrderType::Market, OrderType::Stop,
                                OrderType::StopLimit, OrderType::TrailingStop};
constexpr TimeInForce kTimes[] = {TimeInForce::Day, TimeInForce::Gtc, TimeInForce::Ioc,
                                  TimeInForce::Fok, TimeInForce::Opg, TimeInForce::Cls};
constexpr int kPreviewDelayMs = 200;

void setRole(QPushButton& button, const char* role)
{
    const QString wanted = QString::fromLatin1(role);
    if (button.property("role").toString() == wanted) return;
    button.setProperty("role", wanted);
    button.style()->unpolish(&button);
    button.style()->polish(&button);
}

/// Everything of the ticket but its button: as high as it wants to be while there is room, and
/// scrolled when there is not, so that the button is always in sight.
class TicketBody final : public QScrollArea {
public:
    explicit TicketBody(QWidget* content)
    {
        setObjectName(QStringLiteral("ticketScroll"));
        setAccessibleName(OrderTicket::tr("Order ticket"));
        setFocusPolicy(Qt::NoFocus);
        setWidgetResizable(true);
        setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
        setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Maximum);
        setWidget(content);
        viewport()->setAutoFillBackground(false);
        content->setAutoFillBackground(false);
    }
    QSize sizeHint() const override { return widget()->sizeHint(); }
    QSize minimumSizeHint() const override { return {200, 80}; }

protected:
    bool eventFilter(QObject* watched, QEvent* event) override
    {
        if (watched == widget() && event->type() == QEvent::LayoutRequest) updateGeometry();
        return QScrollArea::eventFilter(watched, event);
    }
};

} // namespace

OrderTicket::OrderTicket(Desk& desk, const Theme& theme, runtime::Random& random, QWidget* parent)
    : QWidget(parent), m_desk(desk), m_random(random),
      m_exits(new ExitsBox(theme, this)), m_preview(new PreviewBox(theme, this)),
      m_submit(makeButton({}, QStringLiteral("ticketSubmit"), "buy", this))
{
    setObjectName(QStringLiteral("orderTicket"));
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(metric::kPanelPadding, 10, metric::kPanelPadding, 10);
    column->setSpacing(8);
    auto* body = new QWidget;
    auto* fields = new QVBoxLayout(body);
    fields->setContentsMargins(0, 0, 0, 0);
    fields->setSpacing(8);
    m_side = new Segment(theme,
                         {{tr("BUY"), QStringLiteral("ticketBuy"), tr("Buy"), "segmentBuy"},
                          {tr("SELL"), QStringLiteral("ticketSell"), tr("Sell"), "segmentSell"}},
                         this);
    std::vector<Segment::Option> types;
    for (const OrderType type : kTypes) {
        types.push_back({shortWord(type), QStringLiteral("ticketType_") + shortWord(type),
                         tr("Order type %1").arg(shortWord(type)), "segment"});
    }
    m_type = new Segment(theme, types, this);
    fields->addWidget(m_side);
    fields->addWidget(m_type);
    fields->addWidget(buildFields(theme));
    fields->addWidget(m_exits);
    fields->addWidget(m_preview);
    column->addWidget(new TicketBody(body));
    m_message = new TextLabel(theme, TypeSize::Small, TypeWeight::Medium, Tone::Crit, this);
    m_message->setObjectName(QStringLiteral("ticketMessage"));
    m_message->setWordWrap(true);
    m_message->hide();
    column->addWidget(m_message);
    m_submit->setFont(theme.font(TypeSize::Action, TypeWeight::Bold));
    column->addWidget(m_submit);
    column->addStretch(1);
    m_side->select(0);
    m_type->select(0);
    m_previewSoon.setSingleShot(true);
    m_previewSoon.setInterval(kPreviewDelayMs);
    connect(&m_previewSoon, &QTimer::timeout, this, &OrderTicket::requestPreview);
    connect(m_submit, &QPushButton::clicked, this, &OrderTicket::submit);
    connect(m_side, &Segment::picked, this, [this](int index) {
        m_draft.side = index == 0 ? Side::Buy : Side::Sell;
        judge();
    });
    connect(m_type, &Segment::picked, this, [this](int index) { setType(kTypes[index]); });
    connect(m_exits, &ExitsBox::edited, this, [this] { setType(m_draft.type); });
    connect(m_exits, &ExitsBox::submitted, this, &OrderTicket::submit);
    connect(m_exits, &ExitsBox::stepped, this,
            [this](Field* field, int steps) {
                if (!m_exits->stepDistance(*field, steps)) step(*field, steps, false);
            });
    connectDesk();
    setType(OrderType::Limit);
}

QWidget* OrderTicket::buildFields(const Theme& theme)
{
    auto* panel = new QWidget(this);
    auto* grid = new QGridLayout(panel);
    grid->setContentsMargins(0, 4, 0, 0);
    grid->setHorizontalSpacing(8);
    grid->setVerticalSpacing(2);
    m_quantity = new Field(theme, tr("Quantity"), QStringLiteral("ticketQuantity"), panel);
    m_limit = new Field(theme, tr("Limit price"), QStringLiteral("ticketLimitPrice"), panel);
    m_stop = new Field(theme, tr("Stop price"), QStringLiteral("ticketStopPrice"), panel);
    m_trail = new Field(theme, tr("Trail by"), QStringLiteral("ticketTrail"), panel);
    grid->addWidget(m_quantity, 0, 0);
    grid->addWidget(m_limit, 0, 1);
    grid->addWidget(m_stop, 1, 0);
    grid->addWidget(m_trail, 0, 1);
    grid->addWidget(buildQuickRow(theme), 2, 0, 1, 2);

    m_timeInForce = new QComboBox(panel);
    m_timeInForce->setObjectName(QStringLiteral("ticketTimeInForce"));
    m_timeInForce->setAccessibleName(tr("Time in force"));
    for (const TimeInForce inForce : kTimes) m_timeInForce->addItem(shortWord(inForce));
    m_extended = new QCheckBox(tr("Extended hours"), panel);
    m_extended->setObjectName(QStringLiteral("ticketExtendedHours"));
    m_reduceOnly = new QCheckBox(tr("Reduce only"), panel);
    m_reduceOnly->setObjectName(QStringLiteral("ticketReduceOnly"));
    m_trailPercent = new QCheckBox(tr("Trail in percent"), panel);
    m_trailPercent->setObjectName(QStringLiteral("ticketTrailPercent"));
    for (QCheckBox* box : {m_extended, m_reduceOnly, m_trailPercent}) {
        box->setAccessibleName(box->text());
        connect(box, &QCheckBox::toggled, this, &OrderTicket::takeEdit);
    }
    auto* caption = new TextLabel(theme, TypeSize::Small, TypeWeight::Medium, Tone::Muted, panel);
    caption->show(tr("Time in force"));
    m_timeInForceError = new TextLabel(theme, TypeSize::Small, TypeWeight::Medium, Tone::Crit, panel);
    m_timeInForceError->setObjectName(QStringLiteral("ticketTimeInForceError"));
    m_timeInForceError->setWordWrap(true);
    m_timeInForceError->hide();
    auto* options = new QVBoxLayout;
    options->setSpacing(4);
    options->addWidget(m_extended);
    options->addWidget(m_reduceOnly);
    options->addWidget(m_trailPercent);
    auto* times = new QVBoxLayout;
    times->setSpacing(3);
    times->addWidget(caption);
    times->addWidget(m_timeInForce);
    times->addStretch(1);
    grid->addLayout(times, 3, 0);
    grid->addLayout(options, 3, 1, Qt::AlignBottom);
    grid->addWidget(m_timeInForceError, 4, 0, 1, 2);
    grid->setColumnStretch(0, 1);
    grid->setColumnStretch(1, 1);
    connect(m_timeInForce, &QComboBox::currentIndexChanged, this, &OrderTicket::takeEdit);
    for (Field* field : {m_quantity, m_limit, m_stop, m_trail}) {
        connect(field, &Field::edited, this, &OrderTicket::takeEdit);
        connect(field, &Field::stepped, this,
                [this, field](int steps) { step(*field, steps, field == m_quantity); });
        connect(&field->edit(), &QLineEdit::returnPressed, this, &OrderTicket::submit);
    }
    return panel;
}

QWidget* OrderTicket::buildQuickRow(const Theme& theme)
{
    auto* panel = new QWidget(this);
    auto* row = new QHBoxLayout(panel);
    row->setContentsMargins(0, 0, 0, 8);
    row->setSpacing(4);
    for (const char* amount : {"100", "300", "500", "1K"}) {
        const QString text = QString::fromLatin1(amount);
        QPushButton* button =
            makeButton(text, QStringLiteral("quick_") + text, "quick", panel);
        button->setAccessibleName(tr("Quantity %1").arg(text));
        button->setFont(theme.font(TypeSize::Small, TypeWeight::Medium));
        connect(button, &QPushButton::clicked, this, [this, text] {
            setQuantity(QString::fromStdString(parseTyped(text)->toString()));
        });
        row->addWidget(button, 1);
    }
    row->addSpacing(4);
    const std::pair<QString, int> places[] = {{tr("Bid"), 0}, {tr("Mid"), 1}, {tr("Ask"), 2}};
    for (const auto& [text, which] : places) {
        QPushButton* button = makeButton(text, QStringLiteral("quick_") + text, "quick", panel);
        button->setAccessibleName(tr("Price at %1").arg(text));
        button->setFont(theme.font(TypeSize::Small, TypeWeight::Medium));
        connect(button, &QPushButton::clicked, this, [this, which = which] {
            const int slot = m_desk.quotes().slotOf(m_desk.symbol());
            if (slot < 0) return;
            const Quote& quote = m_desk.quotes().at(slot).quote;
            if (which == 0) return setPrice(quote.bid);
            if (which == 2) return setPrice(quote.ask);
            const Decimal sum = quote.bid.value() + quote.ask.value();
            const Decimal mid = sum.checkedDivide(Decimal::fromInt(2), Rounding::HalfEven).value_or(sum);
            const Price tick = tickFor(m_desk.instrument(m_desk.symbol()), quote.bid);
            setPrice(Price(mid.roundTo(tick.value(), Rounding::HalfEven)));
        });
        row->addWidget(button, 1);
    }
    return panel;
}

void OrderTicket::connectDesk()
{
    connect(&m_desk, &Desk::symbolChanged, this, [this] {
        m_limit->setText({});
        m_stop->setText({});
        m_exits->clear();
        fillEmptyPrices();
        suitTimeInForce();
        takeEdit();
    });
    connect(&m_desk, &Desk::instrumentLearned, this, [this](const Symbol& symbol) {
        if (symbol != m_desk.symbol()) return;
        suitTimeInForce();
        takeEdit();
    });
    connect(&m_desk, &Desk::pricePicked, this, &OrderTicket::setPrice);
    connect(&m_desk, &Desk::ticketWanted, this, &OrderTicket::begin);
    connect(&m_desk.quotes(), &QuoteStore::quotesChanged, this, [this](const std::vector<int>& slots) {
        const int slot = m_desk.quotes().slotOf(m_desk.symbol());
        if (std::find(slots.begin(), slots.end(), slot) == slots.end()) return;
        if (usesLimitPrice(m_draft) && m_limit->text().isEmpty() &&
            !m_limit->edit().hasFocus()) {
            fillEmptyPrices();
            takeEdit();
        }
    });
    connect(&m_desk.status(), &StatusStore::statusChanged, this, &OrderTicket::refreshLock);
    connect(&m_desk.status(), &StatusStore::linkChanged, this, &OrderTicket::refreshLock);
    connect(&m_desk.trading(), &TradingStore::tradingChanged, this, &OrderTicket::refreshLock);
    connect(&m_desk.account(), &AccountStore::accountChanged, this, &OrderTicket::refreshLock);
    connect(&m_desk, &Desk::rightsChanged, this, &OrderTicket::refreshLock);
    connect(&m_desk, &Desk::heartbeat, this, [this] {
        judgeAgain();
        refreshLock();
    });
}

void OrderTicket::begin(Side side)
{
    m_draft.side = side;
    m_side->select(side == Side::Buy ? 0 : 1);
    judge();
    m_quantity->edit().setFocus(Qt::ShortcutFocusReason);
    m_quantity->edit().selectAll();
}

void OrderTicket::setPrice(const Price& price)
{
    const int places = m_desk.placesOf(m_desk.symbol());
    Field* field = usesLimitPrice(m_draft) ? m_limit
                   : usesStopPrice(m_draft.type) ? m_stop
                                                 : m_exits->fieldOf("takeProfit");
    field->setText(QString::fromStdString(price.value().toFixed(places)));
    takeEdit();
}

void OrderTicket::setQuantity(const QString& text)
{
    m_quantity->setText(text);
    takeEdit();
}

void OrderTicket::setType(OrderType type)
{
    m_draft.type = type;
    m_type->select(int(std::find(std::begin(kTypes), std::end(kTypes), type) - std::begin(kTypes)));
    m_exits->fill(m_draft);
    m_limit->setVisible(usesLimitPrice(m_draft));
    m_stop->setVisible(usesStopPrice(type));
    m_trail->setVisible(type == OrderType::TrailingStop);
    m_trailPercent->setVisible(type == OrderType::TrailingStop);
    fillEmptyPrices();
    takeEdit();
}

void OrderTicket::setExits(OrderClass orderClass)
{
    m_exits->setClass(orderClass);
}

void OrderTicket::setExitPrices(const QString& takeProfit, const QString& stopLoss)
{
    m_exits->fieldOf("takeProfit")->setText(takeProfit);
    m_exits->fieldOf("stopLoss")->setText(stopLoss);
    takeEdit();
}

void OrderTicket::cycleExits()
{
    switch (m_draft.orderClass) {
    case OrderClass::Simple: setExits(OrderClass::Bracket); break;
    case OrderClass::Bracket: setExits(OrderClass::Oto); break;
    case OrderClass::Oto: setExits(OrderClass::Oco); break;
    case OrderClass::Oco: return setExits(OrderClass::Simple);
    }
    m_exits->fields().front()->edit().setFocus(Qt::ShortcutFocusReason);
}

void OrderTicket::cycleExitUnit()
{
    m_exits->setUnit(m_draft.exitUnit == ExitUnit::Price     ? ExitUnit::Percent
                     : m_draft.exitUnit == ExitUnit::Percent ? ExitUnit::Ticks
                                                             : ExitUnit::Price);
}

void OrderTicket::toggleExtendedHours()
{
    m_extended->toggle();
}

void OrderTicket::focusTimeInForce()
{
    m_timeInForce->setFocus(Qt::ShortcutFocusReason);
}

/// Coins know no day.
void OrderTicket::suitTimeInForce()
{
    const bool coin = m_desk.instrument(m_desk.symbol()).assetClass == AssetClass::Crypto;
    const TimeInForce now = kTimes[std::max(0, m_timeInForce->currentIndex())];
    const auto pick = [this](TimeInForce wanted) {
        m_timeInForce->setCurrentIndex(int(std::find(std::begin(kTimes), std::end(kTimes), wanted) -
                                           std::begin(kTimes)));
    };
    if (coin && now == TimeInForce::Day) pick(TimeInForce::Gtc);
    m_timeInForceWasSuited = m_timeInForceWasSuited || (coin && now == TimeInForce::Day);
    if (!coin && std::exchange(m_timeInForceWasSuited, false)) pick(TimeInForce::Day);
}

TicketMarket OrderTicket::market() const
{
    TicketMarket market;
    if (const int slot = m_desk.quotes().slotOf(m_desk.symbol()); slot >= 0) {
        const client::QuoteFacts& facts = m_desk.quotes().at(slot);
        market.bid = facts.quote.bid;
        market.ask = facts.quote.ask;
        market.last = facts.last;
    }
    if (const client::PositionFacts* held = m_desk.positions().find(m_desk.symbol())) {
        market.held = held->position.quantity;
        market.heldAverage = held->position.averagePrice;
    }
    return market;
}

void OrderTicket::fillEmptyPrices()
{
    const int slot = m_desk.quotes().slotOf(m_desk.symbol());
    if (slot < 0) return;
    const client::QuoteFacts& facts = m_desk.quotes().at(slot);
    const Price start = m_draft.side == Side::Buy ? facts.quote.bid : facts.quote.ask;
    const Price price = start.isZero() ? facts.last : start;
    if (price.isZero() || !usesLimitPrice(m_draft) || !m_limit->text().isEmpty()) return;
    m_limit->setText(QString::fromStdString(price.value().toFixed(m_desk.placesOf(m_desk.symbol()))));
}

void OrderTicket::takeEdit()
{
    m_draft.symbol = m_desk.symbol();
    m_draft.quantity = m_quantity->text();
    m_draft.limitPrice = m_limit->text();
    m_draft.stopPrice = m_stop->text();
    m_draft.trail = m_trail->text();
    m_draft.trailInPercent = m_trailPercent->isChecked();
    m_draft.timeInForce = kTimes[std::max(0, m_timeInForce->currentIndex())];
    m_draft.extendedHours = m_extended->isChecked();
    m_draft.reduceOnly = m_reduceOnly->isChecked();
    m_exits->fill(m_draft);
    m_exits->showProblem({});
    m_message->hide();
    judge();
}

void OrderTicket::step(Field& field, int steps, bool isQuantity)
{
    const Decimal value = parseTyped(field.text()).value_or(Decimal{});
    const Instrument& instrument = m_desk.instrument(m_desk.symbol());
    const Decimal size = isQuantity ? Decimal::fromInt(100) : tickFor(instrument, Price(value)).value();
    const auto moved = size.checkedMultiply(Decimal::fromInt(steps), Rounding::HalfEven)
                           .value_or(Decimal{}) + value;
    if (!moved.isPositive()) return;
    const int places = isQuantity ? moved.places() : m_desk.placesOf(m_desk.symbol());
    field.setText(QString::fromStdString(moved.toFixed(places)));
    takeEdit();
}

void OrderTicket::judge()
{
    m_check = checkTicket(m_draft, m_desk.instrument(m_desk.symbol()), market());
    showErrors(m_check);
    ++m_previewNumber;
    if (m_check.request && lockReason().isEmpty()) {
        m_preview->showLoading();
        m_previewSoon.start();
    } else {
        m_previewSoon.stop();
        m_preview->showNothing(m_draft.quantity.isEmpty()
                                   ? tr("Type a quantity to see cost and checks.")
                                   : QString());
    }
    refreshLock();
}

/// The market moves while nobody types: what depends on it is judged anew, the preview stays.
void OrderTicket::judgeAgain()
{
    if (m_draft.quantity.isEmpty() || m_sending) return;
    TicketCheck check = checkTicket(m_draft, m_desk.instrument(m_desk.symbol()), market());
    if (check.request.has_value() != m_check.request.has_value()) return judge();
    if (check.errors == m_check.errors && check.request == m_check.request) return;
    m_check = std::move(check);
    showErrors(m_check);
}

Field* OrderTicket::fieldOf(const std::string& name)
{
    if (name == "quantity") return m_quantity;
    if (name == "limitPrice") return m_limit;
    if (name == "stopPrice") return m_stop;
    if (name == "trail" || name == "trailPrice" || name == "trailPercent") return m_trail;
    return m_exits->fieldOf(name);
}

void OrderTicket::showErrors(const TicketCheck& check)
{
    const int places = m_desk.placesOf(m_desk.symbol());
    m_exits->showPlan(check.plan, places);
    m_preview->showExits(check.plan);
    std::vector<Field*> quiet{m_quantity, m_limit, m_stop, m_trail};
    quiet.insert(quiet.end(), m_exits->fields().begin(), m_exits->fields().end());
    m_timeInForceError->hide();
    for (const TicketError& error : check.errors) {
        Field* field = fieldOf(error.field.toStdString());
        // An untouched field is not wrong yet.
        if (field && !field->text().isEmpty() && std::erase(quiet, field) > 0) {
            field->showError(error.text);
        }
        if (error.field == QStringLiteral("timeInForce")) {
            m_timeInForceError->show(error.text);
            m_timeInForceError->QWidget::show();
        }
    }
    for (Field* field : quiet) field->showError({});
}

QString OrderTicket::lockReason() const
{
    const StatusStore& status = m_desk.status();
    if (!status.isOnline()) return tr("OFFLINE  ·  order entry locked");
    if (!m_desk.mayTrade()) return tr("YOUR ROLE DOES NOT TRADE  ·  order entry locked");
    if (m_desk.trading().isHalted()) return tr("TRADING HALTED  ·  order entry locked");
    if (m_desk.account().account() && m_desk.account().account()->snapshot.tradingBlocked) {
        return tr("ACCOUNT BLOCKED  ·  order entry locked");
    }
    if (status.isBreakerOpen()) return tr("BROKER UNREACHABLE  ·  order entry locked");
    if (m_desk.symbol().empty()) return {};
    switch (m_desk.freshnessOf(m_desk.symbol())) {
    case Freshness::Stale: return tr("FEED STALE  ·  order entry locked");
    case Freshness::Halted: return tr("SYMBOL HALTED  ·  order entry locked");
    case Freshness::NoData: return tr("NO PRICE YET  ·  order entry locked");
    default: return {};
    }
}

void OrderTicket::refreshLock()
{
    const bool locked = !lockReason().isEmpty();
    const bool opensAgain = m_preview->isStale() && !locked;
    m_preview->setStale(locked);
    if (opensAgain) judge(); // what was previewed before is no longer true
    else relabel();
}

void OrderTicket::relabel()
{
    const QString lock = lockReason();
    QString text;
    bool enabled = false;
    if (!lock.isEmpty()) {
        text = lock;
        setRole(*m_submit, "locked");
    } else {
        setRole(*m_submit, m_draft.side == Side::Buy ? "buy" : "sell");
        if (m_sending) {
            text = tr("Sending…");
        } else if (m_check.request) {
            text = headline(*m_check.request, m_desk.placesOf(m_desk.symbol()));
            enabled = true;
        } else {
            text = sideWord(m_draft.side) + QLatin1Char(' ') + format::symbol(m_desk.symbol());
        }
    }
    if (m_submit->text() != text) m_submit->setText(text);
    m_submit->setAccessibleName(text);
    m_submit->setEnabled(enabled);
}

} // namespace qd::ui
