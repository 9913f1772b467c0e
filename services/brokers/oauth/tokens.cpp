#include "services/brokers/oauth/tokens.h"

#include "services/json/json.h"

namespace qd::brokers::oauth {

Tokens Tokens::clone() const
{
    return {access.clone(), refresh.clone(), accessExpiresAt, refreshExpiresAt, generation};
}

runtime::Secret sealText(const Tokens& tokens)
{
    json::Writer out;
    out.beginObject()
        .member("access", tokens.access.revealForUse())
        .member("refresh", tokens.refresh.revealForUse())
        .member("accessExpiresAt", tokens.accessExpiresAt.nanos())
        .member("refreshExpiresAt", tokens.refreshExpiresAt.nanos())
        .member("generation", tokens.generation)
        .endObject();
    return runtime::Secret(out.take());
}

Result<Tokens> readTokens(const runtime::Secret& text)
{
    const auto kept = json::Document::parse(text.revealForUse());
    if (!kept || (*kept)["access"].stringOr("").empty())
        return fail(ErrorKind::Corrupt, "oauth.tokens_unreadable",
                    "what is kept of a broker's tokens cannot be read; connect the broker again");
    Tokens tokens;
    tokens.access = runtime::Secret(std::string((*kept)["access"].stringOr("")));
    tokens.refresh = runtime::Secret(std::string((*kept)["refresh"].stringOr("")));
    tokens.accessExpiresAt = Timestamp::fromNanos((*kept)["accessExpiresAt"].integerOr(0));
    tokens.refreshExpiresAt = Timestamp::fromNanos((*kept)["refreshExpiresAt"].integerOr(0));
    tokens.generation = (*kept)["generation"].integerOr(0);
    return tokens;
}

Result<runtime::Secret> TokenStore::readStored(const std::string& id, const std::string& owner)
{
    return read(id, owner);
}

std::string tokensId(const std::string& link)
{
    return "oauth/link/" + link;
}

std::string verifierId(const std::string& flow)
{
    return "oauth/flow/" + flow;
}

} // namespace qd::brokers::oauth
