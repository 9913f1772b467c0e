#include "ui/orders/ticket_rules.h"

#include "ui/orders/exit_rules.h"
#include "ui/widgets/format.h"

namespace qd::ui {

namespace {

struct Text {
    Q_DECLARE_TR_FUNCTIONS(Ticket)
};

QString shown(const Decimal& value)
{
    return QString::fromStdString(value.toString());
}

/// The nearest value that would be accepted, for the error's example.
QString nearest(const Decimal& value, const Decimal& step)
{
    const Decimal rounded = value.roundTo(step, Rounding::HalfEven);
    return shown(rounded.isPositive() ? rounded : step);
}

class Checker {
public:
    Checker(const TicketDraft& draft, const Instrument& instrument, const TicketMarket& market)
        : m_draft(draft), m_instrument(instrument), m_market(market)
    {
    }

    TicketCheck run()
    {
        OrderRequest& request = m_request;
        request.symbol = m_draft.symbol;
        request.side = m_draft.side;
        request.type = m_draft.type;
        request.timeInForce = m_draft.timeInForce;
        request.extendedHours = m_draft.extendedHours;
        request.reduceOnly = m_draft.reduceOnly;
        if (m_draft.symbol.empty()) refuse("symbol", Text::tr("Choose a symbol first."));
        else if (!m_instrument.tradable) {
            refuse("symbol",
                   Text::tr("%1 cannot be traded.").arg(format::symbol(m_draft.symbol)));
        }
        checkQuantity();
        if (usesLimitPrice(m_draft)) {
            request.limitPrice = checkPrice("limitPrice", m_draft.limitPrice);
        }
        if (usesStopPrice(m_draft.type)) {
            request.stopPrice = checkPrice("stopPrice", m_draft.stopPrice);
            checkStopSide();
        }
        if (m_draft.type == OrderType::TrailingStop) checkTrail();
        checkTimeInForce();
        TicketCheck result;
        if (m_draft.orderClass != OrderClass::Simple) {
            request.orderClass = m_draft.orderClass;
            result.plan = checkExits(m_draft, m_instrument, m_market, request, m_errors);
        }
        result.errors = std::move(m_errors);
        if (result.errors.empty()) result.request = std::move(m_request);
        return result;
    }

private:
    void refuse(const char* field, const QString& text)
    {
        m_errors.push_back({QString::fromLatin1(field), text});
    }

    void checkQuantity()
    {
        const auto value = parseTyped(m_draft.quantity);
        if (m_draft.quantity.isEmpty()) return refuse("quantity", Text::tr("How many?"));
        if (!value) return refuse("quantity", Text::tr("Not a number. Example: 100"));
        if (!value->isPositive()) return refuse("quantity", Text::tr("Must be more than zero."));
        if (*value >= kTypedMax) return refuse("quantity", Text::tr("Too large."));
        const Decimal lot = m_instrument.lotSize.value();
        if (!m_instrument.fractionable && !value->isMultipleOf(lot)) {
            return refuse("quantity", Text::tr("Must be a multiple of %1, was %2. Example: %3")
                                          .arg(shown(lot), shown(*value), nearest(*value, lot)));
        }
        if (*value < m_instrument.minQuantity.value() && !m_instrument.fractionable) {
            return refuse("quantity", Text::tr("The least is %1.")
                                          .arg(shown(m_instrument.minQuantity.value())));
        }
        m_request.quantity = Quantity(*value);
    }

    std::optional<Price> checkPrice(const char* field, const QString& typed)
    {
        if (typed.isEmpty()) {
            refuse(field, Text::tr("At which price?"));
            return std::nullopt;
        }
        const auto value = parseTyped(typed);
        if (!value) {
            refuse(field, Text::tr("Not a number. Example: 12.50"));
            return std::nullopt;
        }
        if (!value->isPositive()) {
            refuse(field, Text::tr("Must be more than zero."));
            return std::nullopt;
        }
        if (*value >= kTypedMax) {
            refuse(field, Text::tr("Too large."));
            return std::nullopt;
        }
        const Decimal tick = tickFor(m_instrument, Price(*value)).value();
        if (!value->isMultipleOf(tick)) {
            refuse(field, Text::tr("The price step is %1. Example: %2")
                              .arg(shown(tick), nearest(*value, tick)));
            return std::nullopt;
        }
        return Price(*value);
    }

    /// A stop on the wrong side of the market is a market order by another name.
    void checkStopSide()
    {
        const auto& stop = m_request.stopPrice;
        if (!stop) return;
        const bool buys = m_draft.side == Side::Buy;
        const Price market = buys ? m_market.ask : m_market.bid;
        if (market.isZero() || (buys ? *stop > market : *stop < market)) return;
        refuse("stopPrice", buys ? Text::tr("A buy stop belongs above the ask, %1.")
                                       .arg(shown(market.value()))
                                 : Text::tr("A sell stop belongs below the bid, %1.")
                                       .arg(shown(market.value())));
    }

    void checkTrail()
    {
        const auto value = parseTyped(m_draft.trail);
        if (m_draft.trail.isEmpty()) return refuse("trail", Text::tr("How far behind?"));
        if (!value || !value->isPositive()) {
            return refuse("trail", Text::tr("Must be more than zero. Example: 1.5"));
        }
        if (m_draft.trailInPercent) {
            if (*value >= Decimal::fromInt(100)) {
                return refuse("trail", Text::tr("Must be less than 100%. Example: 1.5"));
            }
            m_request.trailPercent = *value;
        } else {
            m_request.trailPrice = Price(*value);
        }
    }

    void checkTimeInForce()
    {
        const bool plain = m_draft.type == OrderType::Market || m_draft.type == OrderType::Limit;
        const bool auction = m_draft.timeInForce == TimeInForce::Opg ||
                             m_draft.timeInForce == TimeInForce::Cls;
        const bool immediate = m_draft.timeInForce == TimeInForce::Ioc ||
                               m_draft.timeInForce == TimeInForce::Fok;
        if ((auction || immediate) && !plain) {
            refuse("timeInForce", Text::tr("Stop orders take DAY or GTC only."));
        }
        if (m_draft.extendedHours && (m_draft.type != OrderType::Limit || auction || immediate)) {
            refuse("timeInForce", Text::tr("Extended hours take limit orders, DAY or GTC, only."));
        }
        if (m_instrument.assetClass == AssetClass::Crypto &&
            m_draft.timeInForce != TimeInForce::Gtc && m_draft.timeInForce != TimeInForce::Ioc) {
            refuse("timeInForce", Text::tr("Coins are traded GTC or IOC."));
        }
        if (!m_request.quantity.value().isInteger() && m_instrument.assetClass == AssetClass::Equity &&
            m_draft.timeInForce != TimeInForce::Day) {
            refuse("timeInForce", Text::tr("Fractions of a share are for the DAY only."));
        }
    }

    const TicketDraft& m_draft;
    const Instrument& m_instrument;
    const TicketMarket& m_market;
    OrderRequest m_request;
    std::vector<TicketError> m_errors;
};

} // namespace

std::optional<Decimal> parseTyped(const QString& typed)
{
    QString text = typed.trimmed().toLower();
    text.remove(QLatin1Char(',')).remove(QLatin1Char(' '));
    text.replace(format::kMinus, QLatin1Char('-'));
    std::int64_t scale = 1;
    if (text.endsWith(QLatin1Char('k'))) scale = 1'000;
    if (text.endsWith(QLatin1Char('m'))) scale = 1'000'000;
    if (scale > 1) text.chop(1);
    if (text.contains(QLatin1Char('e'))) return std::nullopt;
    const auto value = Decimal::parse(text.toStdString());
    if (!value) return std::nullopt;
    return value->checkedMultiply(Decimal::fromInt(scale), Rounding::HalfEven);
}

bool usesLimitPrice(OrderType type)
{
    return type == OrderType::Limit || type == OrderType::StopLimit;
}

bool usesStopPrice(OrderType type)
{
    return type == OrderType::Stop || type == OrderType::StopLimit;
}

bool usesLimitPrice(const TicketDraft& draft)
{
    return draft.orderClass != OrderClass::Oco && usesLimitPrice(draft.type);
}

TicketCheck checkTicket(const TicketDraft& draft, const Instrument& instrument,
                        const TicketMarket& market)
{
    return Checker(draft, instrument, market).run();
}

} // namespace qd::ui
