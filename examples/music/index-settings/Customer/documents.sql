-- One row is one document. Written by `bisan-indexer init`: edit it as you like.
-- of persons: Address, PostalCode, Phone, Fax, Email; take these lines out unless whoever searches may read them
-- no column tells when a row changed: sync compares all 45 documents; `bisan-indexer triggers` prints a change log that finds each change
SELECT
  Customer.CustomerId AS id, -- the key
  Customer.FirstName AS FirstName, -- what a row is called: searched, sorted
  Customer.LastName AS LastName, -- what a row is called: searched, sorted
  Customer.Company AS Company, -- what a row is called: searched
  Customer.Address AS Address, -- found as a whole: an address, a number, a code: only shown
  Customer.City AS City, -- a place: searched, filtered
  Customer.State AS State, -- empty so far: only shown
  Customer.Country AS Country, -- a place: searched, filtered
  Customer.PostalCode AS PostalCode, -- found as a whole: an address, a number, a code: only shown
  Customer.Phone AS Phone, -- found as a whole: an address, a number, a code: only shown
  Customer.Fax AS Fax, -- empty so far: only shown
  Customer.Email AS Email, -- found as a whole: an address, a number, a code: only shown
  Customer.SupportRepId AS SupportRepId, -- a row of another table: filtered
  TRIM(COALESCE(supportrep.FirstName, '') || ' ' || COALESCE(supportrep.LastName, '')) AS SupportRepName -- the name of a row of Employee: searched, filtered
FROM Customer
LEFT JOIN Employee AS supportrep ON supportrep.EmployeeId = Customer.SupportRepId
