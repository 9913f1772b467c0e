#pragma once

#include <vector>

#include "services/drills/drill.h"
#include "services/drills/stage.h"

/// The drills, by subject. Each function lists those of one file.
namespace qd::drills {

inline double millisOf(Duration time)
{
    return std::chrono::duration<double, std::milli>(time).count();
}

std::vector<Drill> startDrills();       ///< settings, first request, health, logs
std::vector<Drill> accountDrills();     ///< people: accounts, guesses, sessions
std::vector<Drill> securityDrills();    ///< roles, programs, what is encrypted, what is seen
std::vector<Drill> credentialDrills();  ///< keys missing, revoked, expired
std::vector<Drill> consentDrills();     ///< a user connects a broker in a browser
std::vector<Drill> accessDrills();      ///< a connection lasts, is renewed, and ends
std::vector<Drill> secretDrills();      ///< the vault: denied, down, old, altered
std::vector<Drill> intakeDrills();      ///< what is refused before it is sent
std::vector<Drill> outcomeDrills();     ///< answers that never come, or come twice
std::vector<Drill> outageDrills();      ///< brokers that are down, slow or in maintenance
std::vector<Drill> durabilityDrills();  ///< kill -9 and power cuts
std::vector<Drill> storageDrills();     ///< torn files, corruption, backups, the chain
std::vector<Drill> marketDrills();      ///< limits, symbols, staleness, halts
std::vector<Drill> fillDrills();        ///< partial fills and positions
std::vector<Drill> platformDrills();    ///< overload, breakers, traces
std::vector<Drill> exactnessDrills();   ///< time zones, ticks, sums

} // namespace qd::drills
