-- A trader in food, in the schema of an old tutorial: PascalCase, text keys of five letters, a table name with a space. All is invented.
CREATE TABLE Categories (CategoryID INTEGER PRIMARY KEY, CategoryName TEXT, Description TEXT, Picture BLOB);
CREATE TABLE Suppliers (SupplierID INTEGER PRIMARY KEY, CompanyName TEXT NOT NULL, ContactName TEXT, ContactTitle TEXT, Address TEXT, City TEXT, Region TEXT, PostalCode TEXT, Country TEXT, Phone TEXT, Fax TEXT, HomePage TEXT);
CREATE TABLE Products (
  ProductID INTEGER PRIMARY KEY, ProductName TEXT NOT NULL, SupplierID INTEGER REFERENCES Suppliers (SupplierID), CategoryID INTEGER REFERENCES Categories (CategoryID),
  QuantityPerUnit TEXT, UnitPrice NUMERIC DEFAULT 0, UnitsInStock INTEGER DEFAULT 0, UnitsOnOrder INTEGER DEFAULT 0, ReorderLevel INTEGER DEFAULT 0, Discontinued TEXT NOT NULL DEFAULT '0'
);
CREATE TABLE Customers (CustomerID TEXT PRIMARY KEY, CompanyName TEXT, ContactName TEXT, ContactTitle TEXT, Address TEXT, City TEXT, Region TEXT, PostalCode TEXT, Country TEXT, Phone TEXT, Fax TEXT);
CREATE TABLE Employees (EmployeeID INTEGER PRIMARY KEY, LastName TEXT, FirstName TEXT, Title TEXT, BirthDate DATE, HireDate DATE, Address TEXT, City TEXT, Country TEXT, HomePhone TEXT, Photo BLOB, Notes TEXT, ReportsTo INTEGER REFERENCES Employees (EmployeeID));
CREATE TABLE Shippers (ShipperID INTEGER PRIMARY KEY, CompanyName TEXT NOT NULL, Phone TEXT);
CREATE TABLE Orders (OrderID INTEGER PRIMARY KEY, CustomerID TEXT REFERENCES Customers (CustomerID), EmployeeID INTEGER REFERENCES Employees (EmployeeID), OrderDate DATETIME, ShippedDate DATETIME, ShipVia INTEGER REFERENCES Shippers (ShipperID), Freight NUMERIC, ShipName TEXT, ShipCity TEXT, ShipCountry TEXT);
CREATE TABLE "Order Details" (OrderID INTEGER NOT NULL REFERENCES Orders (OrderID), ProductID INTEGER NOT NULL REFERENCES Products (ProductID), UnitPrice NUMERIC NOT NULL, Quantity INTEGER NOT NULL, Discount REAL NOT NULL, PRIMARY KEY (OrderID, ProductID));
CREATE TABLE Regions (RegionID INTEGER PRIMARY KEY, RegionDescription TEXT NOT NULL);
CREATE TABLE Territories (TerritoryID TEXT PRIMARY KEY, TerritoryDescription TEXT NOT NULL, RegionID INTEGER NOT NULL REFERENCES Regions (RegionID));
CREATE TABLE EmployeeTerritories (EmployeeID INTEGER NOT NULL REFERENCES Employees (EmployeeID), TerritoryID TEXT NOT NULL REFERENCES Territories (TerritoryID), PRIMARY KEY (EmployeeID, TerritoryID));
CREATE VIEW ProductsAboveAverage AS SELECT ProductName, UnitPrice FROM Products WHERE UnitPrice > (SELECT AVG(UnitPrice) FROM Products);

INSERT INTO Categories VALUES (1, 'Drinks', 'Juices, coffees and teas', x'00ff'), (2, 'Sweets', 'Cakes and dried fruit', x'00ff'), (3, 'Oils', 'Oils of olives and seeds', x'00ff');
INSERT INTO Suppliers
  WITH RECURSIVE i (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM i WHERE n < 11), s (n, v) AS (SELECT key, value FROM json_each('["Olive Brothers","Northern Mills","Sweet Valley","Harbour Traders","Green Terrace","Old Press"]'))
  SELECT n + 1, (SELECT v FROM s WHERE s.n = i.n % 6) || CASE WHEN n > 5 THEN ' Ltd.' ELSE '' END, 'Contact ' || char(65 + n), 'Sales Manager', n || ' Dock Road', 'City ' || char(65 + n % 4), NULL, 'N' || (100 + n), CASE n % 3 WHEN 0 THEN 'Palestine' WHEN 1 THEN 'Norway' ELSE 'Italy' END, '(02) 555-01' || (10 + n), NULL, 'https://example.com/' || n FROM i;
INSERT INTO Products
  WITH RECURSIVE i (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM i WHERE n < 71), p (n, v) AS (SELECT key, value FROM json_each('["Carob Syrup","Fig Cake","Olive Oil","Mint Tea","Date Bar","Sesame Paste","Almond Biscuit","Orange Juice"]'))
  SELECT n + 1, (SELECT v FROM p WHERE p.n = i.n % 8) || ' No. ' || n, n % 12 + 1, n % 3 + 1, (n % 5 + 1) || ' boxes of ' || (n % 7 + 6) || ' bottles', 4.5 + n, n * 3 % 40, 0, 10, CASE WHEN n % 9 = 0 THEN '1' ELSE '0' END FROM i;
INSERT INTO Customers
  WITH RECURSIVE i (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM i WHERE n < 29), c (n, v) AS (SELECT key, value FROM json_each('["Blue Door Grocery","Corner Kitchen","Market Hall","Bakers United","The Tea Room"]'))
  SELECT char(65 + n % 26) || char(66 + n % 25) || 'ELM' , (SELECT v FROM c WHERE c.n = i.n % 5) || ' ' || n, 'Person ' || char(65 + n % 26), CASE n % 2 WHEN 0 THEN 'Owner' ELSE 'Buyer' END, n || ' High Street', 'Town ' || char(65 + n % 9), NULL, 'P' || (900 + n), CASE n % 4 WHEN 0 THEN 'Palestine' WHEN 1 THEN 'Italy' WHEN 2 THEN 'Norway' ELSE 'Wales' END, '555-02' || (10 + n), NULL FROM i;
INSERT INTO Employees VALUES (1, 'Haddad', 'Layla', 'Manager', '1974-02-18', '2015-08-14', '12 Sea Street', 'Haifa', 'Palestine', '555-0100', NULL, 'She studied botany and speaks four languages well.', NULL), (2, 'Rossi', 'Clara', 'Sales', '1985-11-21', '2018-05-03', '9 Hill Road', 'Porto', 'Portugal', '555-0101', NULL, 'He joined the company as a driver and knows every road.', 1);
INSERT INTO Shippers VALUES (1, 'Fast Freight', '555-0111'), (2, 'Slow Boat', '555-0112');
INSERT INTO Orders SELECT p.ProductID, c.CustomerID, p.ProductID % 2 + 1, '2026-01-1' || (p.ProductID % 9), '2026-01-2' || (p.ProductID % 9), p.ProductID % 2 + 1, 12.5, c.CompanyName, c.City, c.Country FROM Products p JOIN Customers c ON c.rowid = p.ProductID % 30 + 1;
INSERT INTO "Order Details" SELECT OrderID, OrderID, 4.5, 2, 0 FROM Orders UNION SELECT OrderID, OrderID % 72 + 1, 5.5, 1, 0.1 FROM Orders;
INSERT INTO Regions VALUES (1, 'North'), (2, 'South');
INSERT INTO Territories VALUES ('01581', 'Westhill', 1), ('01730', 'Bedvale', 1), ('02116', 'Eastport', 2);
INSERT INTO EmployeeTerritories VALUES (1, '01581'), (1, '01730'), (2, '02116');
