"""Compares two schemas part by part: names, order, cardinalities, types, facets, attributes, wildcards."""

from collections.abc import Iterator

from xmlschema.validators import (
    XsdAnyAttribute,
    XsdAnyElement,
    XsdAttribute,
    XsdComplexType,
    XsdElement,
    XsdGroup,
    XsdList,
    XsdSimpleType,
    XsdType,
    XsdUnion,
)

from tests.conformance.mutationen import XS, content


def differences(own: XsdElement, published: XsdElement, place: str, compared: set[tuple[int, int]]) -> Iterator[str]:
    """Where the declarations, and those below them, differ. `compared` collects the pairs of types that were seen."""
    for fact in ("name", "min_occurs", "max_occurs", "fixed", "default", "nillable"):
        if getattr(own, fact) != getattr(published, fact):
            yield f"{place}: {fact} is {getattr(own, fact)}, published {getattr(published, fact)}"
    if own.type.name != published.type.name:
        yield f"{place}: type is {own.type.name}, published {published.type.name}"
    if (id(own.type), id(published.type)) in compared:
        return
    compared.add((id(own.type), id(published.type)))
    if _attributes(own) != _attributes(published):
        yield f"{place}: attributes are {_attributes(own)}, published {_attributes(published)}"
    values, published_values = _values(own.type), _values(published.type)
    if values is not None or published_values is not None:
        if _facts(values) != _facts(published_values):
            yield f"{place}: values are {_facts(values)}, published {_facts(published_values)}"
        return
    if content(own).occurs != content(published).occurs:
        yield f"{place}: the parts occur {content(own).occurs}, published {content(published).occurs}"
    parts, published_parts = _parts(content(own)), _parts(content(published))
    if _names(parts) != _names(published_parts):
        yield f"{place}: parts are {_names(parts)}, published {_names(published_parts)}"
    for part, published_part in zip(parts, published_parts, strict=False):
        if isinstance(part, XsdElement) and isinstance(published_part, XsdElement):
            yield from differences(part, published_part, f"{place}/{part.local_name}", compared)


def _values(declared: XsdType) -> XsdSimpleType | None:
    """The type of the text, None where the content is made of elements."""
    if isinstance(declared, XsdSimpleType):
        return declared
    text = getattr(declared, "content", None)
    return text if isinstance(text, XsdSimpleType) else None


def _parts(group: XsdGroup) -> list[object]:
    """The particles in order; a sequence that occurs once within a sequence is its parts."""
    parts: list[object] = ["mixed"] if group.mixed else []
    for particle in group:
        if isinstance(particle, XsdGroup):
            once = particle.occurs == (1, 1) and (particle.model == "sequence" or len(group) == 1)
            parts += _parts(particle) if once else [particle.model, particle.occurs, *_parts(particle)]
        elif isinstance(particle, XsdElement):
            parts += [particle] if particle.max_occurs != 0 else []
        else:
            assert isinstance(particle, XsdAnyElement)
            parts.append(("any", particle.occurs, _wildcard(particle)))
    return [group.model, *parts] if group.model == "choice" and len(group) > 1 else parts


def _wildcard(wildcard: XsdAnyElement | XsdAnyAttribute) -> tuple[object, ...]:
    return wildcard.process_contents, sorted(wildcard.namespace), sorted(wildcard.not_namespace)


def _names(parts: list[object]) -> list[object]:
    return [part.name if isinstance(part, XsdElement) else part for part in parts]


def _attributes(element: XsdElement) -> dict[str | None, tuple[object, ...]]:
    """Prohibited ones and wildcards that a restriction has left without a namespace are none."""
    found: dict[str | None, tuple[object, ...]] = {}
    for name, attribute in element.attributes.items():
        if isinstance(attribute, XsdAttribute):
            if attribute.use != "prohibited":
                found[name] = (attribute.use, attribute.fixed, _facts(attribute.type))
        elif attribute.namespace or attribute.not_namespace:
            found[name] = _wildcard(attribute)
    return found


def _facts(declared: XsdType | None) -> list[tuple[object, ...]]:
    """Facets from the type down to a built-in one; datatypeC is written differently and compared by character."""
    facts: list[tuple[object, ...]] = []
    while isinstance(declared, XsdSimpleType):
        if isinstance(declared, XsdList):
            return [*facts, ("list",), *_facts(declared.item_type)]
        if isinstance(declared, XsdUnion):
            return [*facts, ("union",), *(fact for member in declared.member_types for fact in _facts(member))]
        if declared.local_name == "datatypeC" or (declared.name or "").startswith(XS):
            return [*facts, (declared.name,)]
        for name, facet in sorted(declared.facets.items(), key=lambda item: str(item[0])):
            values = [getattr(facet, fact, None) for fact in ("value", "enumeration", "regexps")]
            facts.append((name, *(sorted(value) if isinstance(value, list) else value for value in values)))
        if isinstance(declared.base_type, XsdComplexType):  # of a redefined type: itself
            return [*facts, (declared.primitive_type.name,)]
        declared = declared.base_type
    return facts
