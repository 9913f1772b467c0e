#include "ui/orders/exit_rules.h"

#include "ui/widgets/format.h"

namespace qd::ui {

namespace {

struct ExitText {
    Q_DECLARE_TR_FUNCTIONS(Ticket)
};

QString shown(const Price& price)
{
    return QString::fromStdString(price.toString());
}

class ExitChecker {
public:
    ExitChecker(const TicketDraft& draft, const Instrument& instrument, const TicketMarket& market,
                OrderRequest& request, std::vector<TicketError>& errors)
        : m_draft(draft), m_instrument(instrument), m_market(market), m_request(request),
          m_errors(errors), m_isOco(draft.orderClass == OrderClass::Oco),
          m_exitSide(exitSideOf(draft.side, draft.orderClass)),
          m_profitAway(m_exitSide == Side::Sell ? 1 : -1)
    {
    }

    ExitPlan run()
    {
        m_plan.entry = entryPrice();
        checkSuits();
        checkPresent();
        m_plan.profit = checkExit("takeProfit", m_draft.takeProfit, m_profitAway, false);
        m_plan.loss = checkExit("stopLoss", m_draft.stopLoss, -m_profitAway, true);
        checkStopLimit();
        checkAgainstEachOther();
        if (m_plan.profit) m_request.takeProfit = TakeProfit{m_plan.profit->price};
        if (m_plan.loss) m_request.stopLoss = StopLoss{m_plan.loss->price, m_plan.lossLimit};
        weigh();
        return std::move(m_plan);
    }

private:
    void refuse(const char* field, const QString& text)
    {
        m_errors.push_back({QString::fromLatin1(field), text});
    }

    /// What distances are counted from.
    Price entryPrice() const
    {
        if (m_isOco) return m_market.last;
        if (m_request.limitPrice) return *m_request.limitPrice;
        if (m_request.stopPrice) return *m_request.stopPrice;
        if (usesLimitPrice(m_draft) || usesStopPrice(m_draft.type)) return {};
        const Price touch = m_draft.side == Side::Buy ? m_market.ask : m_market.bid;
        return touch.isZero() ? m_market.last : touch;
    }

    /// What has nothing to do with prices.
    void checkSuits()
    {
        const bool lasts = m_draft.timeInForce == TimeInForce::Day ||
                           m_draft.timeInForce == TimeInForce::Gtc;
        if (!lasts) refuse("timeInForce", ExitText::tr("Orders with exits are good for DAY or GTC."));
        if (m_draft.extendedHours) {
            refuse("timeInForce", ExitText::tr("Exits do not work in extended hours."));
        }
        if (m_request.quantity.isPositive() && !m_request.quantity.value().isInteger()) {
            refuse("quantity", ExitText::tr("Exits are for whole shares."));
        }
        if (!m_isOco) return;
        if (m_draft.type != OrderType::Limit) {
            refuse("takeProfit", ExitText::tr("Both exits are set here: choose LMT above."));
        }
        const bool closes = m_draft.side == Side::Sell ? m_market.held.isPositive()
                                                       : m_market.held.isNegative();
        if (!closes) {
            refuse("quantity", m_draft.side == Side::Sell
                                   ? ExitText::tr("OCO closes what is held: nothing is long.")
                                   : ExitText::tr("OCO closes what is held: nothing is short."));
        } else if (m_request.quantity > m_market.held.abs()) {
            refuse("quantity", ExitText::tr("More than is held: %1.")
                                   .arg(format::quantity(m_market.held.abs())));
        }
    }

    void checkPresent()
    {
        const bool profit = !m_draft.takeProfit.isEmpty();
        const bool loss = !m_draft.stopLoss.isEmpty();
        if (m_draft.orderClass == OrderClass::Oto) {
            if (profit && loss) refuse("stopLoss", ExitText::tr("OTO takes one exit: clear one."));
            if (!profit && !loss) refuse("stopLoss", ExitText::tr("A target or a stop: which one?"));
            return;
        }
        if (!profit) refuse("takeProfit", ExitText::tr("Where is the target?"));
        if (!loss) refuse("stopLoss", ExitText::tr("Where is the stop?"));
    }

    std::optional<ExitFigures> checkExit(const char* field, const QString& text, int away,
                                         bool isStop)
    {
        if (text.isEmpty()) return std::nullopt;
        auto exit = workOutExit({text, m_draft.exitUnit, isStop}, m_plan.entry, away, m_exitSide,
                                m_instrument);
        if (!exit) {
            refuse(field, m_plan.entry.isZero() ? ExitText::tr("There is no price to count from yet.")
                                                : ExitText::tr("Not a price. Examples: 12.50, 2%, 40t"));
            return exit;
        }
        if (!isSound(field, exit->price)) return std::nullopt;
        const Price& entry = m_plan.entry;
        const bool above = exit->price > entry;
        if (!entry.isZero() && (exit->price == entry || above != (away > 0))) {
            refuse(field, sideText(away, isStop));
            return std::nullopt;
        }
        return exit;
    }

    QString sideText(int away, bool isStop) const
    {
        const QString entry = shown(m_plan.entry);
        if (away > 0) {
            return isStop ? ExitText::tr("This stop belongs above %1.").arg(entry)
                          : ExitText::tr("This target belongs above %1.").arg(entry);
        }
        return isStop ? ExitText::tr("This stop belongs below %1.").arg(entry)
                      : ExitText::tr("This target belongs below %1.").arg(entry);
    }

    bool isSound(const char* field, const Price& price)
    {
        if (!price.isPositive()) {
            refuse(field, ExitText::tr("Must be more than zero."));
            return false;
        }
        if (price.value() >= kTypedMax) {
            refuse(field, ExitText::tr("Too large."));
            return false;
        }
        const Price tick = tickFor(m_instrument, price);
        if (price.value().isMultipleOf(tick.value())) return true;
        refuse(field, ExitText::tr("The price step is %1.").arg(shown(tick)));
        return false;
    }

    void checkStopLimit()
    {
        if (m_draft.stopLossLimit.isEmpty() || m_draft.stopLoss.isEmpty()) return;
        const auto value = parseTyped(m_draft.stopLossLimit);
        if (!value) return refuse("stopLossLimit", ExitText::tr("Not a price. Example: 12.40"));
        const Price limit(*value);
        if (!isSound("stopLossLimit", limit)) return;
        // Beyond the stop, where the market will be when it fires; on it at the least.
        const bool wrong = m_plan.loss && (m_exitSide == Side::Sell ? limit > m_plan.loss->price
                                                                     : limit < m_plan.loss->price);
        if (wrong) {
            refuse("stopLossLimit",
                   m_exitSide == Side::Sell
                       ? ExitText::tr("Must not be above its stop, %1.").arg(shown(m_plan.loss->price))
                       : ExitText::tr("Must not be below its stop, %1.").arg(shown(m_plan.loss->price)));
            return;
        }
        m_plan.lossLimit = limit;
    }

    /// Without a known entry the two are all that can be compared.
    void checkAgainstEachOther()
    {
        if (!m_plan.profit || !m_plan.loss || !m_plan.entry.isZero()) return;
        const bool above = m_plan.profit->price > m_plan.loss->price;
        if (above == (m_profitAway > 0) && m_plan.profit->price != m_plan.loss->price) return;
        refuse("stopLoss", m_profitAway > 0 ? ExitText::tr("The stop belongs below the target.")
                                            : ExitText::tr("The stop belongs above the target."));
    }

    void weigh()
    {
        const Price base = m_isOco ? m_market.heldAverage : m_plan.entry;
        if (!base.isPositive()) return;
        const Quantity quantity =
            m_exitSide == Side::Sell ? m_request.quantity : -m_request.quantity;
        for (auto* exit : {&m_plan.profit, &m_plan.loss}) {
            if (!*exit) continue;
            const Price moved = m_exitSide == Side::Sell ? (*exit)->price - base
                                                         : base - (*exit)->price;
            (*exit)->result = notional((*exit)->price - base, quantity);
            const auto hundredfold =
                moved.value().checkedMultiply(Decimal::fromInt(100), Rounding::HalfEven);
            (*exit)->percent =
                hundredfold ? hundredfold->checkedDivide(base.value(), Rounding::HalfEven)
                                  .value_or(Decimal{})
                            : Decimal{};
        }
        if (!m_plan.profit || !m_plan.loss || m_plan.entry.isZero()) return;
        const Decimal reward = (m_plan.profit->price - m_plan.entry).abs().value();
        const Decimal risk = (m_plan.entry - m_plan.loss->price).abs().value();
        m_plan.rewardPerRisk = reward.checkedDivide(risk, Rounding::HalfEven);
    }

    const TicketDraft& m_draft;
    const Instrument& m_instrument;
    const TicketMarket& m_market;
    OrderRequest& m_request;
    std::vector<TicketError>& m_errors;
    const bool m_isOco;
    const Side m_exitSide;
    const int m_profitAway; ///< +1: the target is above
    ExitPlan m_plan;
};

} // namespace

ExitPlan checkExits(const TicketDraft& draft, const Instrument& instrument,
                    const TicketMarket& market, OrderRequest& request,
                    std::vector<TicketError>& errors)
{
    return ExitChecker(draft, instrument, market, request, errors).run();
}

} // namespace qd::ui
