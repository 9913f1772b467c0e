#include "services/sandbox/tradier/answers.h"

#include <algorithm>

#include "models/market/calendar.h"

namespace qd::sandbox::tradier {

std::string_view ApiRequest::field(std::string_view name) const
{
    for (const auto* fields : {&form, &query})
        for (const auto& given : *fields)
            if (given.name == name)
                return given.value;
    return {};
}

wire::HttpResponse documentAnswer(const ApiRequest& request, std::string_view name, const Node& document)
{
    if (request.wantsJson)
        return {200, {{"Content-Type", "application/json;charset=UTF-8"}}, document.toJson(name)};
    return {200, {{"Content-Type", "application/xml;charset=UTF-8"}}, document.toXml(name)};
}

wire::HttpResponse textAnswer(int status, std::string_view text)
{
    return {status, {{"Content-Type", "text/plain;charset=UTF-8"}}, std::string(text)};
}

wire::HttpResponse notServed()
{
    return textAnswer(404, "Not Found");
}

wire::HttpResponse errorsAnswer(const ApiRequest& request, std::string_view message, std::string_view code)
{
    Node errors;
    errors.add("error", Node::text(std::string(message)));
    if (!code.empty())
        errors.add("error", Node::text(std::string(code)));
    return documentAnswer(request, "errors", errors);
}

std::string timeText(Timestamp time)
{
    return time.toString(3);
}

std::string symbolText(const Symbol& symbol)
{
    std::string text = symbol.text();
    std::ranges::replace(text, '.', '/');
    return text;
}

Result<Symbol> parseSymbol(std::string_view text)
{
    std::string ours(text);
    std::ranges::replace(ours, '/', '.');
    return Symbol::parse(ours);
}

} // namespace qd::sandbox::tradier
