-- One row is one document. Written by `bisan-indexer init`: edit it as you like.
-- of persons: BirthDate, Address, PostalCode, Phone, Email; take these lines out unless whoever searches may read them
-- no column tells when a row changed: sync compares all 3 documents; `bisan-indexer triggers` prints a change log that finds each change
SELECT
  Employee.EmployeeId AS id, -- the key
  Employee.LastName AS LastName, -- what a row is called: searched, sorted
  Employee.FirstName AS FirstName, -- what a row is called: searched, sorted
  Employee.Title AS Title, -- what a row is called: searched
  Employee.ReportsTo AS ReportsTo, -- a row of another table: filtered
  Employee.BirthDate AS "BirthDate:unix", -- a time: filtered, sorted
  Employee.HireDate AS "HireDate:unix", -- a time: filtered, sorted
  Employee.Address AS Address, -- found as a whole: an address, a number, a code: only shown
  Employee.City AS City, -- a place: searched, filtered
  Employee.Country AS Country, -- a place: searched, filtered
  Employee.PostalCode AS PostalCode, -- found as a whole: an address, a number, a code: only shown
  Employee.Phone AS Phone, -- found as a whole: an address, a number, a code: only shown
  Employee.Email AS Email, -- found as a whole: an address, a number, a code: only shown
  TRIM(COALESCE(reportsto.FirstName, '') || ' ' || COALESCE(reportsto.LastName, '')) AS ReportsToName -- the name of a row of Employee: searched, filtered
FROM Employee
LEFT JOIN Employee AS reportsto ON reportsto.EmployeeId = Employee.ReportsTo
