#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "services/gateway/caller.h"
#include "services/gateway/problem.h"
#include "services/json/json.h"
#include "services/wire/http.h"

namespace qd::gateway {

enum class FieldType { Text, Decimal, Integer, Boolean, Time, Object, Array };
std::string_view toString(FieldType type); ///< OpenAPI's word for it

/// One member of a request's body or query, declared as data.
struct Field {
    std::string name;
    FieldType type = FieldType::Text;
    bool required = false;
    std::string help = {};
    std::vector<std::string> allowed = {}; ///< Text: the only values taken; empty = any
    std::size_t lengthMax = 256;           ///< Text: characters; Array: elements
    std::string example = {};
};

/// Which budget a call draws on: orders and cancels are never starved by polling, and calls without
/// a token are counted by the network that they come from.
enum class RateClass { Free, Orders, Queries, Strangers };

/// One call of the API, declared as data: from this come validation, the permission test that walks
/// every endpoint with every role, and `/v1/openapi.json`.
struct EndpointSpec {
    std::string method;
    std::string path; ///< "/v1/orders/{clientOrderId}"
    Role role = Role::Viewer;
    bool stepUp = false;     ///< asks for a fresh proof of who is calling
    bool anySession = false; ///< with the role Anyone: a token is needed, whatever its roles are
    RateClass rate = RateClass::Queries;
    std::string summary;
    std::vector<Field> query;
    std::vector<Field> body;
    std::vector<int> errors; ///< statuses beyond 400, 401, 403 and 429, which any call may answer

    bool asksForToken() const { return role != Role::Anyone || anySession; }
};

/// One request under way. Kept alive by whoever still has to answer it. Core executor.
class Call {
public:
    Call(const EndpointSpec& spec, wire::HttpRequest request, wire::Target target,
         std::map<std::string, std::string> parameters, Caller caller, std::string traceId,
         std::string traceParent, std::function<void(wire::HttpResponse)> respond);
    ~Call(); ///< answers 500 if nobody did: a lost call must not hang its client
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

    const EndpointSpec& spec() const { return m_spec; }
    const wire::HttpRequest& request() const { return m_request; }
    const wire::Target& target() const { return m_target; }
    const Caller& caller() const { return m_caller; }
    const std::string& traceId() const { return m_traceId; }
    const std::string& traceParent() const { return m_traceParent; }
    /// A `{name}` of the path, percent-decoded.
    const std::string& parameter(const std::string& name) const;
    /// The parsed body; Missing when the endpoint declares none.
    json::Value body() const { return m_body ? m_body->root() : json::Value(); }
    std::int64_t queryInteger(std::string_view name, std::int64_t fallback, std::int64_t max) const;

    /// Check query and body against the declaration; the body is parsed here.
    Result<void> readInput(std::vector<FieldProblem>& problems);

    void answer(int status, std::string jsonBody);
    void answer(const Problem& problem);
    void answer(wire::HttpResponse response);
    bool isAnswered() const { return m_answered; }

private:
    const EndpointSpec& m_spec;
    wire::HttpRequest m_request;
    wire::Target m_target;
    std::map<std::string, std::string> m_parameters;
    Caller m_caller;
    std::string m_traceId, m_traceParent;
    std::function<void(wire::HttpResponse)> m_respond;
    std::optional<json::Document> m_body;
    bool m_answered = false;
};

using CallPtr = std::shared_ptr<Call>;
using Handler = std::function<void(CallPtr)>;

struct Endpoint {
    EndpointSpec spec;
    Handler handler;
    std::vector<std::string> segments = {}; ///< of the path, between its slashes
};

} // namespace qd::gateway
