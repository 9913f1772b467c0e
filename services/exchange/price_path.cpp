#include "services/exchange/price_path.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "models/market/calendar.h"
#include "services/exchange/spans.h"

namespace qd::exchange {

namespace {

constexpr int kKnots = 12; ///< per minute
constexpr double kReversion = 0.985;  ///< half of a deviation is gone after 46 sessions
constexpr double kCalmness = 0.93;    ///< persistence of a day's volatility
constexpr std::size_t kFactorsCached = 400;

Date dateOf(std::int64_t day)
{
    const std::chrono::year_month_day ymd{std::chrono::sys_days(std::chrono::days(day))};
    return {int(ymd.year()), static_cast<int>(unsigned(ymd.month())),
            static_cast<int>(unsigned(ymd.day()))};
}

std::int64_t dayOf(const Date& date)
{
    using namespace std::chrono;
    return sys_days(year(date.year) / date.month / date.day).time_since_epoch().count();
}

SessionShape makeShape(int minutes, int regularFrom, int regularTo)
{
    SessionShape shape;
    double volumeSum = 0, varianceSum = 0;
    std::vector<double> volume, variance;
    for (int k = 0; k < minutes; ++k) {
        const bool regular = k >= regularFrom && k < regularTo;
        const double x = 2.0 * (k - regularFrom + 0.5) / (regularTo - regularFrom) - 1.0;
        const double u = regular ? 0.55 + 1.6 * x * x * x * x + 0.35 * std::exp(-40 * (x + 1)) : 0.02;
        volume.push_back(u);
        variance.push_back(regular ? 0.4 + 0.6 * u : 0.06);
        volumeSum += volume.back();
        varianceSum += variance.back();
    }
    double before = 0;
    for (std::size_t k = 0; k < volume.size(); ++k) {
        shape.volume.push_back(static_cast<float>(volume[k] / volumeSum));
        shape.variance.push_back(static_cast<float>(variance[k] / varianceSum));
        shape.varianceBefore.push_back(static_cast<float>(before));
        before += variance[k] / varianceSum;
    }
    shape.varianceBefore.push_back(1.0F);
    return shape;
}

} // namespace

std::uint64_t hashOf(std::uint64_t seed, std::uint64_t a, std::uint64_t b, std::uint64_t c)
{
    auto mix = [](std::uint64_t x) {
        x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
        x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
        return x ^ (x >> 31);
    };
    const auto first = mix(seed + a * 0x9e3779b97f4a7c15ull + b * 0xd1342543de82ef95ull);
    return mix(first + c * 0x9e3779b97f4a7c15ull + 0x632be59bd9b4e019ull);
}

double noiseFrom(std::uint64_t hash)
{
    // Four uniform 16-bit numbers make a bell; the cubic term gives it tails. No library function,
    // so every machine gets the same bits.
    const auto sum = (hash & 0xffff) + ((hash >> 16) & 0xffff) + ((hash >> 32) & 0xffff)
                     + (hash >> 48);
    const double s = (static_cast<double>(sum) / 65536.0 - 2.0) * 1.7320508;
    return 0.513 * s + 0.160 * s * s * s;
}

double uniformFrom(std::uint64_t hash)
{
    return static_cast<double>(hash >> 11) * 0x1.0p-53;
}

PricePath::PricePath(std::uint64_t seed, double volatility, bool calendarHours,
                     const std::vector<SimulatedName>& names)
    : m_seed(seed), m_calendarHours(calendarHours), m_names(names),
      m_market{1, false, 0.0075 * volatility}, m_cryptoMarket{2, true, 0.022 * volatility},
      m_allDay(makeShape(1440, 0, 1440)), m_extended(makeShape(960, 330, 720)),
      m_extendedEarly(makeShape(780, 330, 540))
{
    for (int sector = 0; sector < kSectors; ++sector)
        m_sectors.push_back({10 + static_cast<std::uint64_t>(sector), sector == kCryptoSector,
                             (sector == 0 ? 0.0005 : 0.004) * volatility});
    for (std::size_t i = 0; i < names.size(); ++i)
        m_own.push_back({1000 + i, names[i].instrument.assetClass == AssetClass::Crypto,
                         names[i].dailyVolatility * volatility});
}

bool PricePath::trades(bool crypto, std::int64_t day) const
{
    return crypto || !m_calendarHours || Calendar::nyse().tradingDay(dateOf(day)).has_value();
}

std::optional<SessionDay> PricePath::sessionOn(std::size_t name, std::int64_t day) const
{
    if (day < kFirstDay)
        return std::nullopt;
    const bool crypto = m_names[name].instrument.assetClass == AssetClass::Crypto;
    if (crypto || !m_calendarHours)
        return SessionDay{day, Timestamp::fromNanos(day * kDayNanos), 1440, 0, 1440};
    const auto trading = Calendar::nyse().tradingDay(dateOf(day));
    if (!trading)
        return std::nullopt;
    SessionDay session{day, trading->preOpen, 0, 0, 0};
    const auto minutesTo = [&](Timestamp end) {
        return static_cast<int>((end - trading->preOpen).count() / kMinuteNanos);
    };
    session.minutes = minutesTo(trading->postClose);
    session.regularFrom = minutesTo(trading->open);
    session.regularTo = minutesTo(trading->close);
    return session;
}

std::optional<SessionDay> PricePath::sessionAt(std::size_t name, Timestamp at) const
{
    const bool crypto = m_names[name].instrument.assetClass == AssetClass::Crypto;
    const auto day = crypto || !m_calendarHours ? utcDay(at) : dayOf(toNewYork(at).date);
    auto session = sessionOn(name, day);
    if (session
        && (at < session->start
            || at >= session->start + std::chrono::minutes(session->minutes)))
        session.reset();
    return session;
}

const SessionShape& PricePath::shapeOf(const SessionDay& session) const
{
    if (session.minutes == 1440)
        return m_allDay;
    return session.minutes == 960 ? m_extended : m_extendedEarly;
}

const PricePath::Levels& PricePath::levels(const Stream& stream, std::int64_t day) const
{
    Levels& known = m_levels[stream.id];
    if (known.level.empty()) {
        known.level.push_back(0);
        known.volatility.push_back(static_cast<float>(stream.volatility));
    }
    double level = known.level.back();
    // Volatility clusters: its logarithm reverts to the stream's usual one.
    double calm = std::log(known.volatility.back() / stream.volatility);
    for (auto next = kFirstDay + static_cast<std::int64_t>(known.level.size()) - 1; next <= day;
         ++next) {
        if (trades(stream.crypto, next)) {
            const auto date = static_cast<std::uint64_t>(next);
            calm = kCalmness * calm + 0.13 * noiseFrom(hashOf(m_seed, stream.id, date, 1));
            const double volatility = stream.volatility * std::exp(calm);
            level = kReversion * level
                    + volatility * noiseFrom(hashOf(m_seed, stream.id, date, 2));
        }
        known.level.push_back(static_cast<float>(level));
        known.volatility.push_back(static_cast<float>(stream.volatility * std::exp(calm)));
    }
    return known;
}

void PricePath::addStream(const Stream& stream, const SessionDay& session, double weight,
                          std::vector<float>& values) const
{
    const auto& known = levels(stream, session.day);
    const auto index = static_cast<std::size_t>(session.day - kFirstDay + 1);
    const double volatility = known.volatility[index];
    const double end = known.level[index];
    double begin = known.level[index - 1];
    const auto date = static_cast<std::uint64_t>(session.day);
    if (session.minutes != 1440) // a shut market opens with a gap
        begin += 0.4 * (end - begin) + 0.3 * volatility * noiseFrom(hashOf(m_seed, stream.id, date, 3));
    const auto& shape = shapeOf(session);
    const auto count = static_cast<std::size_t>(session.minutes);
    const auto key = hashOf(m_seed, stream.id, date, 4);
    double walk = 0;
    std::vector<float> steps(count);
    for (std::size_t k = 0; k < count; ++k) {
        steps[k] = static_cast<float>(volatility * std::sqrt(shape.variance[k])
                                      * noiseFrom(hashOf(key, k, 0, 0)));
        walk += steps[k];
    }
    const double correction = end - begin - walk;
    double at = begin;
    for (std::size_t k = 0; k <= count; ++k) {
        values[k] += static_cast<float>(weight * (at + correction * shape.varianceBefore[k]));
        if (k < count)
            at += steps[k];
    }
}

std::shared_ptr<const std::vector<float>> PricePath::factor(const Stream& stream,
                                                            const SessionDay& session) const
{
    const auto key = stream.id * 1'000'000 + static_cast<std::uint64_t>(session.day);
    const auto found = m_factors.find(key);
    if (found != m_factors.end())
        return found->second;
    auto values = std::make_shared<std::vector<float>>(static_cast<std::size_t>(session.minutes) + 1,
                                                       0.0F);
    addStream(stream, session, 1.0, *values);
    if (m_factors.size() >= kFactorsCached)
        m_factors.clear();
    m_factors.emplace(key, values);
    return values;
}

/// Now and then a name jumps; what it jumped fades by the end of the session.
void PricePath::addJump(std::size_t name, Minutes& minutes) const
{
    const auto date = static_cast<std::uint64_t>(minutes.session.day);
    const auto& own = m_own[name];
    if (uniformFrom(hashOf(m_seed, own.id, date, 5)) >= m_names[name].haltsPerDay)
        return;
    const auto& session = minutes.session;
    const int room = session.regularTo - session.regularFrom - 40;
    const auto where = hashOf(m_seed, own.id, date, 6);
    minutes.jumpMinute = session.regularFrom + 15 + static_cast<int>(uniformFrom(where) * room);
    const double size = (0.05 + 0.07 * uniformFrom(hashOf(m_seed, own.id, date, 7)))
                        * ((where & 1) != 0 ? 1 : -1);
    for (int k = minutes.jumpMinute + 1; k <= session.minutes; ++k) {
        const double left = static_cast<double>(session.minutes - k)
                            / (session.minutes - minutes.jumpMinute);
        minutes.values[static_cast<std::size_t>(k)] += static_cast<float>(size * left);
    }
}

std::shared_ptr<const PricePath::Minutes> PricePath::minutes(std::size_t name,
                                                             const SessionDay& session) const
{
    const auto& terms = m_names[name];
    auto result = std::make_shared<Minutes>();
    result->session = session;
    result->values.assign(static_cast<std::size_t>(session.minutes) + 1, 0.0F);
    const bool crypto = terms.instrument.assetClass == AssetClass::Crypto;
    const auto market = factor(crypto ? m_cryptoMarket : m_market, session);
    const auto sector = factor(m_sectors[static_cast<std::size_t>(terms.sector)], session);
    addStream(m_own[name], session, 1.0, result->values);
    for (std::size_t k = 0; k < result->values.size(); ++k)
        result->values[k] += static_cast<float>(terms.beta) * (*market)[k] + (*sector)[k];
    addJump(name, *result);
    const auto [low, high] = std::minmax_element(result->values.begin(), result->values.end());
    result->low = *low;
    result->high = *high;
    return result;
}

void PricePath::knots(std::size_t name, const Minutes& minutes, int k, double (&out)[13]) const
{
    const auto index = static_cast<std::size_t>(k);
    const double from = minutes.values[index], to = minutes.values[index + 1];
    const auto& shape = shapeOf(minutes.session);
    const double scale = m_own[name].volatility + 0.006;
    const double wobble = 0.9 * scale * std::sqrt(shape.variance[index]);
    const auto key = hashOf(m_seed, m_own[name].id, static_cast<std::uint64_t>(minutes.session.day),
                            100 + static_cast<std::uint64_t>(k));
    for (int i = 0; i <= kKnots; ++i) {
        const double t = static_cast<double>(i) / kKnots;
        double value = from + (to - from) * t;
        if (i > 0 && i < kKnots)
            value += wobble * std::sqrt(t * (1 - t))
                     * noiseFrom(hashOf(key, static_cast<std::uint64_t>(i), 0, 0));
        value = std::clamp<double>(value, minutes.low, minutes.high);
        out[i] = m_names[name].price * std::exp(value);
    }
}

double PricePath::price(std::size_t name, const Minutes& minutes, Timestamp at) const
{
    const auto passed = (at - minutes.session.start).count();
    const auto k = std::clamp<std::int64_t>(passed / kMinuteNanos, 0, minutes.session.minutes - 1);
    const double t = std::clamp(static_cast<double>(passed - k * kMinuteNanos) / kMinuteNanos, 0.0,
                                1.0)
                     * kKnots;
    const int knot = std::min(static_cast<int>(t), kKnots - 1);
    const auto index = static_cast<std::size_t>(k);
    const double from = minutes.values[index], to = minutes.values[index + 1];
    const auto& shape = shapeOf(minutes.session);
    const double wobble = 0.9 * (m_own[name].volatility + 0.006) * std::sqrt(shape.variance[index]);
    const auto key = hashOf(m_seed, m_own[name].id, static_cast<std::uint64_t>(minutes.session.day),
                            100 + static_cast<std::uint64_t>(k));
    const auto valueAt = [&](int i) {
        const double part = static_cast<double>(i) / kKnots;
        double value = from + (to - from) * part;
        if (i > 0 && i < kKnots)
            value += wobble * std::sqrt(part * (1 - part))
                     * noiseFrom(hashOf(key, static_cast<std::uint64_t>(i), 0, 0));
        return std::clamp<double>(value, minutes.low, minutes.high);
    };
    const double a = valueAt(knot), b = valueAt(knot + 1);
    return m_names[name].price * std::exp(a + (b - a) * (t - knot));
}

double PricePath::dayVolume(std::size_t name, const SessionDay& session) const
{
    const auto date = static_cast<std::uint64_t>(session.day);
    const double busy = std::exp(0.3 * noiseFrom(hashOf(m_seed, m_own[name].id, date, 8)));
    return m_names[name].dailyVolume * busy * (session.minutes < 960 ? 0.6 : 1.0);
}

double PricePath::minuteVolume(std::size_t name, const Minutes& minutes, int k) const
{
    const auto index = static_cast<std::size_t>(k);
    const auto& shape = shapeOf(minutes.session);
    const auto date = static_cast<std::uint64_t>(minutes.session.day);
    const auto key = hashOf(m_seed, m_own[name].id, date, 9);
    const double busy
        = std::exp(0.35 * noiseFrom(hashOf(key, static_cast<std::uint64_t>(k), 0, 0)) - 0.06);
    return dayVolume(name, minutes.session) * shape.volume[index] * busy;
}

} // namespace qd::exchange
