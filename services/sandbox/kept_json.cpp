#include "services/sandbox/kept_json.h"

#include <concepts>

#include "services/json/json.h"

namespace qd::sandbox {

namespace {

using namespace exchange;

std::string_view toString(MarginModel model)
{
    switch (model) {
    case MarginModel::Cash: return "cash";
    case MarginModel::RegT: return "reg_t";
    case MarginModel::Intraday: return "intraday";
    }
    return "intraday";
}

// ── writing ───────────────────────────────────────────────────────────────────────────────────

template <typename T>
concept Named = std::is_enum_v<T> && requires(T value) { toString(value); };

void write(json::Writer& out, const std::string& text) { out.value(text); }
void write(json::Writer& out, bool flag) { out.value(flag); }
void write(json::Writer& out, std::uint64_t number) { out.value(number); }
void write(json::Writer& out, Decimal value) { out.value(value); }
void write(json::Writer& out, Price value) { out.value(value); }
void write(json::Writer& out, Quantity value) { out.value(value); }
void write(json::Writer& out, const Money& value) { out.value(value); }
void write(json::Writer& out, Timestamp at) { out.value(at.nanos()); }
void write(json::Writer& out, const Symbol& symbol) { out.value(symbol.text()); }
template <typename Tag>
void write(json::Writer& out, const Id<Tag>& id) { out.value(id.text()); }
template <Named T>
void write(json::Writer& out, T value) { out.value(toString(value)); }
template <typename Tag>
void write(json::Writer& out, const std::vector<Id<Tag>>& ids)
{
    out.beginArray();
    for (const auto& id : ids) out.value(id.text());
    out.endArray();
}
void write(json::Writer& out, const std::map<Symbol, Holding>& holdings)
{
    out.beginObject();
    for (const auto& [symbol, holding] : holdings)
        out.key(symbol.text())
            .beginObject()
            .member("quantity", holding.quantity)
            .member("cost", holding.cost)
            .member("realised", holding.realised)
            .endObject();
    out.endObject();
}

struct Saver {
    json::Writer out;

    template <typename T>
    void operator()(std::string_view name, const T& value)
    {
        out.key(name);
        write(out, value);
    }
    template <typename T>
    void operator()(std::string_view name, const std::optional<T>& value)
    {
        if (value) (*this)(name, *value);
    }
};

// ── reading ───────────────────────────────────────────────────────────────────────────────────

template <typename T>
bool take(Result<T> from, T& into)
{
    if (from) into = std::move(*from);
    return from.has_value();
}

bool read(const json::Value& from, std::string& into) { return take(from.text(), into); }
bool read(const json::Value& from, bool& into) { return take(from.boolean(), into); }
bool read(const json::Value& from, std::uint64_t& into) { return take(from.unsignedInteger(), into); }
bool read(const json::Value& from, Decimal& into) { return take(from.decimal(), into); }
bool read(const json::Value& from, Price& into) { return take(from.price(), into); }
bool read(const json::Value& from, Quantity& into) { return take(from.quantity(), into); }
bool read(const json::Value& from, Money& into) { return take(from.money(), into); }
bool read(const json::Value& from, Side& into) { return take(parseSide(from.stringOr({})), into); }
bool read(const json::Value& from, OrderType& into)
{
    return take(parseOrderType(from.stringOr({})), into);
}
bool read(const json::Value& from, TimeInForce& into)
{
    return take(parseTimeInForce(from.stringOr({})), into);
}
bool read(const json::Value& from, OrderClass& into)
{
    return take(parseOrderClass(from.stringOr({})), into);
}
bool read(const json::Value& from, AssetClass& into)
{
    for (const auto candidate : {AssetClass::Equity, AssetClass::Crypto, AssetClass::Option}) {
        if (toString(candidate) != from.stringOr({})) continue;
        into = candidate;
        return true;
    }
    return false;
}
bool read(const json::Value& from, MarginModel& into)
{
    for (const auto candidate : {MarginModel::Cash, MarginModel::RegT, MarginModel::Intraday}) {
        if (toString(candidate) != from.stringOr({})) continue;
        into = candidate;
        return true;
    }
    return false;
}
bool read(const json::Value& from, VenueStatus& into)
{
    const auto status = parseVenueStatus(from.stringOr({}));
    if (status) into = *status;
    return status.has_value();
}
bool read(const json::Value& from, Timestamp& into)
{
    const auto nanos = from.integer();
    if (nanos) into = Timestamp::fromNanos(*nanos);
    return nanos.has_value();
}
bool read(const json::Value& from, Symbol& into) { return take(Symbol::parse(from.stringOr({})), into); }
template <typename Tag>
bool read(const json::Value& from, Id<Tag>& into)
{
    into = Id<Tag>(std::string(from.stringOr({})));
    return from.isString();
}
template <typename Tag>
bool read(const json::Value& from, std::vector<Id<Tag>>& into)
{
    for (const auto& item : from.items()) into.emplace_back(std::string(item.stringOr({})));
    return from.isArray();
}
bool read(const json::Value& from, std::map<Symbol, Holding>& into)
{
    for (const auto& [name, value] : from.members()) {
        const auto symbol = Symbol::parse(name);
        Holding holding;
        if (!symbol || !read(value["quantity"], holding.quantity) ||
            !read(value["cost"], holding.cost) || !read(value["realised"], holding.realised))
            return false;
        into.emplace(*symbol, holding);
    }
    return from.isObject();
}

struct Loader {
    json::Value from;
    std::string bad; ///< the first member that makes no sense

    template <typename T>
    void operator()(std::string_view name, T& value)
    {
        const auto member = from[name];
        if (!member.isMissing() && !read(member, value) && bad.empty()) bad = name;
    }
    template <typename T>
    void operator()(std::string_view name, std::optional<T>& value)
    {
        if (from[name].isMissing()) return;
        T present{};
        (*this)(name, present);
        value = std::move(present);
    }
};

// ── the members, for both directions ──────────────────────────────────────────────────────────

template <typename Order, typename Visit>
void eachMember(Order& kept, Visit& visit)
    requires std::same_as<std::remove_const_t<Order>, KeptOrder>
{
    visit("number", kept.number);
    visit("watched", kept.watched);
    visit("feeCharged", kept.feeCharged);
    visit("waitsForAuction", kept.waitsForAuction);
    visit("cancelAsked", kept.cancelAsked);
    visit("protection", kept.protection);
    visit("replacement", kept.replacement);
    visit("traded", kept.traded);
    auto& order = kept.order;
    visit("id", order.id);
    visit("clientOrderId", order.clientOrderId);
    visit("account", order.account);
    visit("symbol", order.symbol);
    visit("assetClass", order.assetClass);
    visit("side", order.side);
    visit("type", order.type);
    visit("timeInForce", order.timeInForce);
    visit("quantity", order.quantity);
    visit("notional", order.notional);
    visit("limitPrice", order.limitPrice);
    visit("stopPrice", order.stopPrice);
    visit("trailPrice", order.trailPrice);
    visit("trailPercent", order.trailPercent);
    visit("highWaterMark", order.highWaterMark);
    visit("extendedHours", order.extendedHours);
    visit("orderClass", order.orderClass);
    visit("status", order.status);
    visit("triggered", order.triggered);
    visit("filledQuantity", order.filledQuantity);
    visit("averagePrice", order.averagePrice);
    visit("parent", order.parent);
    visit("legs", order.legs);
    visit("replaces", order.replaces);
    visit("replacedBy", order.replacedBy);
    visit("reason", order.reason);
    visit("createdAt", order.createdAt);
    visit("submittedAt", order.submittedAt);
    visit("updatedAt", order.updatedAt);
    visit("filledAt", order.filledAt);
    visit("expiredAt", order.expiredAt);
    visit("canceledAt", order.canceledAt);
    visit("failedAt", order.failedAt);
    visit("replacedAt", order.replacedAt);
}

template <typename Account, typename Visit>
void eachMember(Account& account, Visit& visit)
    requires std::same_as<std::remove_const_t<Account>, KeptAccount>
{
    visit("id", account.terms.id);
    visit("openingCash", account.terms.cash);
    visit("margin", account.terms.margin);
    visit("shortingEnabled", account.terms.shortingEnabled);
    visit("number", account.number);
    visit("uuid", account.uuid);
    visit("createdAt", account.createdAt);
    visit("blocked", account.blocked);
    visit("cash", account.cash);
    visit("lastEquity", account.lastEquity);
    visit("fees", account.fees);
    visit("deposits", account.deposits);
    visit("holdings", account.holdings);
    visit("executionsBegin", account.executionsBegin);
}

template <typename Execution, typename Visit>
void eachMember(Execution& execution, Visit& visit)
    requires std::same_as<std::remove_const_t<Execution>, VenueExecution>
{
    visit("id", execution.id);
    visit("order", execution.order);
    visit("account", execution.account);
    visit("symbol", execution.symbol);
    visit("side", execution.side);
    visit("price", execution.price);
    visit("quantity", execution.quantity);
    visit("cumulative", execution.cumulative);
    visit("leaves", execution.leaves);
    visit("fee", execution.fee);
    visit("positionAfter", execution.positionAfter);
    visit("at", execution.at);
}

/// The first of the names by which a row is known that it does not have; empty: it has them.
std::string_view missingName(const KeptOrder& kept)
{
    const auto& order = kept.order;
    return order.id.empty()        ? "id"
           : order.account.empty() ? "account"
           : order.symbol.empty()  ? "symbol"
                                   : "";
}
std::string_view missingName(const KeptAccount& account)
{
    return account.terms.id.empty() ? "id" : "";
}
std::string_view missingName(const VenueExecution& execution)
{
    return execution.id.empty()        ? "id"
           : execution.order.empty()   ? "order"
           : execution.account.empty() ? "account"
           : execution.symbol.empty()  ? "symbol"
                                       : "";
}

template <typename Row>
std::string save(const Row& row)
{
    Saver saver;
    saver.out.beginObject();
    eachMember(row, saver);
    saver.out.endObject();
    return saver.out.take();
}

template <typename Row>
Result<Row> load(std::string_view text)
{
    const auto document = json::Document::parse(text);
    if (!document) return fail(ErrorKind::Corrupt, "sandbox.archive", document.error().detail);
    Loader loader{document->root(), {}};
    Row row;
    eachMember(row, loader);
    if (loader.bad.empty()) loader.bad = missingName(row);
    if (!loader.bad.empty())
        return fail(ErrorKind::Corrupt, "sandbox.archive",
                    "a row's member " + loader.bad + " does not make sense");
    return row;
}

} // namespace

std::string toJson(const KeptOrder& order) { return save(order); }
std::string toJson(const KeptAccount& account) { return save(account); }
std::string toJson(const VenueExecution& execution) { return save(execution); }

Result<KeptOrder> readKeptOrder(std::string_view json) { return load<KeptOrder>(json); }
Result<KeptAccount> readKeptAccount(std::string_view json) { return load<KeptAccount>(json); }
Result<VenueExecution> readExecution(std::string_view json) { return load<VenueExecution>(json); }

} // namespace qd::sandbox
