#pragma once

#include <vector>

#include "services/runtime/random.h"
#include "tests/simulation/invariants.h"

namespace qd::simulation {

/// Chance, as a simulation draws it.
class Luck {
public:
    explicit Luck(std::uint64_t seed) : m_random(seed * 0x9e3779b97f4a7c15ULL + 1) {}

    runtime::Random& random() { return m_random; }
    double uniform() { return m_random.uniform(); }
    int below(int bound);
    Duration upTo(Duration longest);
    /// A fault rate of this seed: most are small, some are none, some a lot.
    double rate(double worst);
    template <typename T>
    const T& pick(const std::vector<T>& from)
    {
        return from[m_random.below(from.size())];
    }

private:
    runtime::SeededRandom m_random;
};

/// The traders of a simulation: impatient, forgetful, and sure of what they were answered.
class Clients {
public:
    Clients(test::OrderProcess& backend, Luck& luck) : m_backend(backend), m_luck(luck) {}

    static constexpr const char* kSymbols[] = {"ACME", "SPY", "AAPL"};

    /// Some order around 12.50; a sixth of the buys with two exits.
    OrderRequest draw();
    /// A new order, or one in ten an old one again; sometimes twice at once.
    void submit();
    void cancel();
    void modify();
    /// Somebody else placed this order at the venue.
    void noteForeign(const ClientOrderId& id);
    const Facts& facts() const { return m_facts; }

private:
    void acknowledge(const ClientOrderId& id);

    test::OrderProcess& m_backend;
    Luck& m_luck;
    std::vector<OrderRequest> m_requests;
    std::vector<ClientOrderId> m_known;
    Facts m_facts;
};

/// Limits that leave the clients their freedom.
orders::Settings looseSettings();

} // namespace qd::simulation
