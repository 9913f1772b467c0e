#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "services/brokers/instrument_source.h"

namespace qd::market::test {

/// A venue whose listing has no option contracts. Answers when the test says, or at once from
/// `contracts`.
class FakeSource final : public brokers::InstrumentSource {
public:
    static Instrument contract(const std::string& symbol)
    {
        Instrument instrument;
        instrument.symbol = Symbol::of(symbol);
        instrument.name = symbol;
        instrument.assetClass = AssetClass::Option;
        return instrument;
    }

    bool mayLeaveOut(const Symbol& symbol) const override
    {
        return assetClassOf(symbol) == AssetClass::Option;
    }
    void findInstrument(const Symbol& symbol, Found done) override
    {
        asked.push_back(symbol.text());
        m_open.push_back(std::move(done));
        if (!answersAtOnce) return;
        const auto known = contracts.find(symbol);
        known == contracts.end() ? answerNone() : answer(known->second);
    }
    /// The oldest question.
    void answer(Result<Instrument> found)
    {
        const auto done = std::move(m_open.front());
        m_open.erase(m_open.begin());
        done(std::move(found));
    }
    void answerNone()
    {
        answer(fail(ErrorKind::NotFound, "broker.instrument_not_found", "there is none"));
    }

    bool answersAtOnce = false;
    std::map<Symbol, Instrument> contracts;
    std::vector<std::string> asked;

private:
    std::vector<Found> m_open;
};

} // namespace qd::market::test
